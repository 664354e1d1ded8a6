import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { fetchDocument } from './support/api-document.ts';
import { openBesideBrowser, openPage } from './support/browser.ts';
import { call, type Rig, startRig } from './support/http-rig.ts';

describe('/docs', () => {
  let rig: Rig;
  let browser: Browser;
  before(async () => {
    [browser, rig] = await openBesideBrowser(startRig());
  });
  after(async () => {
    await browser?.close();
    await rig?.close();
  });

  it('shows every operation in a browser that is let load nothing else', async () => {
    const { page, complaints } = await openPage(browser);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`${rig.url}/docs`);
    await page.locator('.opblock-summary-path').first().waitFor();
    const shown = await page.locator('.opblock-summary-path').allTextContents();
    const { paths } = Object(await fetchDocument(rig));
    const described = Object.entries(paths).flatMap(([path, methods]) => Object.keys(Object(methods)).map(() => path));
    const plain = shown.map((path) => path.replaceAll('\u200b', ''));
    assert.deepEqual(plain.toSorted(), described.toSorted());
    await page.locator('#operations-kore-notify .opblock-summary-control').click();
    await page.getByText('When it is answered, the notification is on disk').first().waitFor();
    assert.deepEqual(complaints, []);
    assert.deepEqual(
      asked.filter((url) => !url.startsWith(rig.url) && !url.startsWith('data:')),
      [],
    );
  });

  it('lets no script in but its own', async () => {
    const { status, headers, text } = await call(rig, '/docs');
    assert.equal(status, 200);
    assert.match(
      headers.get('content-security-policy') ?? '',
      /default-src 'none'.*script-src 'self' 'nonce-.*frame-ancestors 'none'/,
    );
    assert.doesNotMatch(text, /<script>|style=|https?:/);
    for (const name of ['package.json', '..%2fapp.ts', '__proto__'])
      assert.equal((await call(rig, `/docs/assets/${name}`)).status, 404, name);
  });
});
