import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { openVisit, type Visit } from '../support/console-visit.ts';
import { MARK, PAYLOADS } from '../support/hostile-payloads.ts';
import { type HostileStage, tellHostileStory } from '../support/hostile-story.ts';

/** What is in a page that no page of ours puts there, and what ran. */
const FIND_FOREIGN = `(() => {
  const found = window.${MARK} === undefined ? [] : ['a script ran'];
  const isOurs = (script) => new URL(script.src || 'x:').origin === location.origin || script.nonce !== '';
  for (const element of document.querySelectorAll('*')) {
    const name = element.localName;
    const handler = [...element.attributes].find((attribute) => attribute.name.startsWith('on'));
    const lead = element.getAttribute('href') ?? element.getAttribute('src') ?? element.getAttribute('action');
    if (handler !== undefined) found.push(name + ' ' + handler.name);
    if (lead !== null && /^[\\s\\u0000-\\u0020]*(javascript|vbscript|data:text|blob)/i.test(lead)) found.push(name + ' ' + lead);
    if (name === 'script' && !isOurs(element)) found.push('script');
    if (name === 'iframe' && element.getAttribute('sandbox') !== '') found.push('iframe');
    if (['object', 'embed', 'base', 'marquee', 'portal', 'math', 'plaintext', 'xmp'].includes(name)) found.push(name);
    if (name === 'meta' && element.httpEquiv === 'refresh') found.push('refresh');
  }
  return found;
})()`;

/** All that can be read, in fields too. */
const READ = `[document.body.innerText, ...[...document.querySelectorAll('input, textarea')].map((field) => field.value)].join('\\n')`;

/** By pressing where it is seen, which nothing that lies over it lets through. */
const IS_USABLE = `(() => {
  const link = [...document.querySelectorAll('nav a')].find((each) => each.textContent === 'Notifications');
  const { x, y, width, height } = link.getBoundingClientRect();
  return link.contains(document.elementFromPoint(x + width / 2, y + height / 2));
})()`;

describe(`the console with ${PAYLOADS.length} hostile texts`, () => {
  let visit: Visit<HostileStage>;
  let page: Page;
  const heard: string[] = [];

  before(async () => {
    visit = await openVisit(tellHostileStory());
    page = visit.page;
    page.on('dialog', (dialog) => {
      heard.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(visit.stage.url) && !url.startsWith('data:')) heard.push(`a call to ${url}`);
    });
    page.on('popup', () => heard.push('a window'));
  });
  after(() => visit?.close());

  const settle = async () => {
    await page.locator('main').waitFor();
    await page.locator('.state-loading').first().waitFor({ state: 'detached' });
  };

  /** What is wrong with what is shown now. */
  async function findFaults(shows: readonly string[] = []): Promise<string[]> {
    const foreign: string[] = await page.evaluate(FIND_FOREIGN);
    const read = withoutSpace(await page.evaluate(READ));
    const missing = shows.filter((text) => !read.includes(withoutSpace(text)));
    const isUsable = await page.evaluate<boolean>(IS_USABLE);
    return [
      ...heard.splice(0),
      ...foreign,
      ...missing.map((text) => `not shown: ${text}`),
      ...(isUsable ? [] : ['covered']),
    ];
  }

  it('runs none, calls nobody, and shows each as it is', async () => {
    for (const { path, shows } of visit.stage.pages) {
      await visit.go(path);
      await settle();
      assert.deepEqual(await findFaults(shows), [], path);
      visit.assertNoComplaint();
    }
  });

  it('shows all people, and finds them by their hostile names', async () => {
    await visit.go('/people');
    const more = page.getByRole('button', { name: 'Show more' });
    await settle();
    while ((await more.count()) > 0) {
      const rows = page.getByRole('row');
      const shown = await rows.count();
      await more.click();
      // Only then is it known whether there are still more: until it loads the button stands as it stood.
      await rows.nth(shown).waitFor();
    }
    assert.deepEqual(await findFaults(PAYLOADS), []);
    for (const payload of PAYLOADS.slice(0, 3)) {
      await page.getByRole('searchbox', { name: 'Search people' }).fill(payload);
      await page.getByRole('link', { name: payload, exact: true }).waitFor();
    }
    assert.deepEqual(await findFaults(), []);
  });

  it('would see one that is taken for markup (negative control)', async () => {
    const markup = JSON.stringify(PAYLOADS.slice(0, 40).join('\n'));
    const insert = `document.querySelector('main').insertAdjacentHTML('beforeend', ${markup})`;
    await assert.rejects(page.evaluate(insert), /TrustedHTML/);
    assert.throws(() => visit.assertNoComplaint(), 'the policy had nothing to say');

    // Without the policy's help, for only then is there something to be found.
    const session = await page.context().newCDPSession(page);
    await session.send('Page.setBypassCSP', { enabled: true });
    await visit.go('/notifications');
    await settle();
    await page.evaluate(insert);
    const faults = (await findFaults()).join('\n');
    for (const sign of ['img onerror', 'svg onload', 'script data:', 'a javascript:', 'iframe'])
      assert.ok(faults.includes(sign), `${sign} is not among\n${faults}`);
  });
});

const withoutSpace = (text: string): string => text.replace(/[\p{C}\p{Z}\s]+/gu, '');
