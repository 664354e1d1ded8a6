import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Browser, Page, Route } from 'playwright-core';
import { openBesideBrowser, openPage, type WatchedPage } from '../support/browser.ts';
import { type ConsoleStage, openConsoleStage } from '../support/console-stage.ts';
import { findFaults } from './looks.ts';

const HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>{';
const NOTIFICATIONS = '**/api/v1/bots/*/notifications';

describe('writing a notification in the console', () => {
  let browser: Browser;
  let stage: ConsoleStage;
  let watched: WatchedPage;
  let page: Page;

  before(async () => {
    [browser, stage] = await openBesideBrowser(openConsoleStage());
    const { teams } = stage.sandbox.urls;
    const reference = { conversationId: 'a:1', serviceUrl: teams };
    await stage.know([
      { email: 'asha@example.com', name: HOSTILE, tags: ['night'], addresses: [teamsOf('29:asha')] },
      { email: 'ravi@example.com', name: 'Ravi', tags: ['night', 'away'], addresses: [teamsOf('29:ravi')] },
      { email: 'lena@example.com', name: 'Lena', addresses: [] },
    ]);
    watched = await openPage(browser);
    page = watched.page;
    page.on('dialog', (dialog) => assert.fail(`a dialog was opened: ${dialog.message()}`));
    await stage.signIn(page);

    function teamsOf(channelId: string) {
      return { channel: 'msteams', channelId, reference };
    }
  });
  after(async () => {
    await browser?.close();
    await stage?.close();
  });
  beforeEach(async () => {
    await page.goto(`${stage.home}/notifications`);
    await page.evaluate('localStorage.clear()');
    await page.goto(`${stage.home}/compose`);
    await page.getByRole('heading', { level: 1, name: 'New notification' }).waitFor();
  });

  const recipients = () => page.getByRole('textbox', { name: 'Recipients' });
  const text = () => page.getByRole('textbox', { name: 'Text', exact: true });
  const choose = (name: string) => page.locator('.routes + .sheet-body select').selectOption({ label: name });
  const preview = () => page.getByRole('complementary', { name: 'Preview' });
  const totals = async () => {
    const { notifications } = await stage.client.notifications.list({ botId: stage.botId });
    return notifications.map(({ counts }) => counts.total);
  };
  async function send(verb: 'Send' | 'Schedule', clicks = 1): Promise<void> {
    await page.getByRole('button', { name: new RegExp(`^${verb} to`) }).click();
    await page.getByRole('button', { name: `${verb} it` }).click({ clickCount: clicks });
  }
  async function launchPlan(clicks = 1): Promise<void> {
    await page.getByRole('button', { name: 'Launch exactly this plan' }).click();
    await page.getByRole('button', { name: 'Launch it' }).click({ clickCount: clicks });
  }
  const arrive = () => page.waitForURL(/\/notifications\/ds-/);
  /** A call that was refused is in the browser's console whatever the page does. */
  const complaints = () => watched.complaints.filter((each) => !each.startsWith('Failed to load resource'));

  it('shows what each gets and who would not, and sends it once however often it is clicked', async () => {
    await recipients().fill('Asha <asha@example.com>\nravi@example.com, lena@example.com');
    await choose('Microsoft Teams');
    await text().fill('Doors close at {time}.');
    await page.getByRole('textbox', { name: 'time' }).fill('three');
    await preview().getByText('Doors close at three.').waitFor();
    await page.getByRole('button', { name: 'Check everybody' }).click();
    await page.getByText('2 of 3 would get it').waitFor();
    await page.getByText('Import the person with an address').first().waitFor();
    assert.deepEqual(await findFaults(page), []);
    await launchPlan(2);
    await arrive();
    assert.deepEqual(await totals(), [3]);
    await page.goto(`${stage.home}/compose`);
    assert.equal(await recipients().inputValue(), '', 'the draft is gone');
    assert.deepEqual(complaints(), []);
  });

  it('is one notification when its answer is lost, and the page is loaded again', async () => {
    const known = (await totals()).length;
    await recipients().fill('ravi@example.com');
    await choose('Microsoft Teams');
    await text().fill('Only once.');
    await page.route(NOTIFICATIONS, loseAnswer);
    await send('Send');
    await page.getByText('The server does not answer').waitFor();
    await page.unroute(NOTIFICATIONS);
    await page.reload();
    await page.getByText('1 recipient', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Check everybody' }).click();
    await page.getByText('1 of 1 would get it').waitFor();
    await send('Send');
    await arrive();
    assert.equal((await totals()).length, known + 1);
  });

  it('tells what is wrong at the field it is about', async () => {
    await recipients().fill('ravi@example.com');
    await choose('Microsoft Teams');
    await text().fill('Hello.');
    await page.getByRole('textbox', { name: 'Category' }).fill('Not A Word');
    await page.getByRole('button', { name: 'Check everybody' }).click();
    const says = page
      .locator('.field', { has: page.getByRole('textbox', { name: 'Category' }) })
      .locator('.field-error');
    assert.match(await says.innerText(), /expected: What kind of message/);
    await page.getByRole('button', { name: 'A card for Microsoft Teams' }).click();
    await page.getByRole('textbox', { name: 'Card as JSON' }).fill('{');
    await page.getByText('Is no JSON object').first().waitFor();
  });

  it('uploads a file of many, and goes on where it was interrupted', async () => {
    const columns = Array.from({ length: 20 }, (_, index) => `p${index}`);
    const row = (index: number) => [`r${index}@example.com`, ...columns.map(() => 'x'.repeat(180))].join(',');
    const buffer = Buffer.from(
      [['email', ...columns].join(','), ...Array.from({ length: 700 }, (_, at) => row(at))].join('\n'),
    );
    const file = { name: 'many.csv', mimeType: 'text/csv', buffer };
    const asked: string[] = [];
    page.on(
      'request',
      (request) => request.method() === 'PUT' && asked.push(new URL(request.url()).pathname.split('/').at(-1) ?? ''),
    );
    const fill = async () => {
      await page.getByRole('radio', { name: 'File' }).click();
      await page.getByLabel('File of recipients').setInputFiles(file);
      await page.getByText('many.csv: 700 recipients').waitFor();
    };
    await fill();
    await choose('E-mail');
    await text().fill('Hello.');
    await page.route('**/audience/1', (route) => route.abort());
    await send('Send');
    await page.getByText('The server does not answer').waitFor();
    await page.unroute('**/audience/1');
    asked.length = 0;
    await page.reload();
    await page.getByText('choose it again').waitFor();
    await fill();
    await send('Send');
    await arrive();
    assert.deepEqual(asked, ['1', '2']);
    assert.equal((await totals())[0], 700);
  });

  it('sends to whoever of the directory fits, but whom it leaves out', async () => {
    await page.getByRole('radio', { name: 'Directory' }).click();
    await page.getByRole('textbox', { name: 'Has one of these tags' }).fill('night');
    await page.getByText('2 people of 3').waitFor();
    await page.getByText('Leave somebody out').click();
    await page.getByRole('textbox', { name: 'Whoever has one of these tags' }).fill('away');
    await choose('Microsoft Teams');
    await text().fill('The night shift begins at ten.');
    await send('Send');
    await arrive();
    const key = { botId: stage.botId, notificationId: new URL(page.url()).pathname.split('/').at(-1) ?? '' };
    for await (const { event } of stage.client.events(key)) if (event === 'end') break;
    const { counts, reasons } = await stage.client.notification(key);
    assert.deepEqual([counts.total, counts.delivered, reasons], [2, 1, { excluded: 1 }]);
  });

  it('launches exactly what was checked, to nobody who came since, and once though its answer is lost', async () => {
    await page.getByRole('radio', { name: 'Directory' }).click();
    await page.getByRole('textbox', { name: 'Has one of these tags' }).fill('night');
    await page.getByText('2 people of').waitFor();
    await choose('Microsoft Teams');
    await text().fill('The night shift begins at ten.');
    await page.getByRole('button', { name: 'Check everybody' }).click();
    await page.getByText('2 of 2 would get it').waitFor();
    await stage.know([{ email: 'late@example.com', tags: ['night'], addresses: [] }]);
    const known = await totals();
    await page.route(NOTIFICATIONS, loseAnswer);
    await launchPlan();
    await page.getByText('The server does not answer').waitFor();
    await page.unroute(NOTIFICATIONS);
    await launchPlan();
    await arrive();
    assert.deepEqual(await totals(), [2, ...known]);
  });

  it('says that a plan was launched, when its answer was lost and the page is loaded again', async () => {
    await recipients().fill('ravi@example.com');
    await choose('Microsoft Teams');
    await text().fill('Once, and not twice.');
    await page.getByRole('button', { name: 'Check everybody' }).click();
    await page.getByText('1 of 1 would get it').waitFor();
    await page.route(NOTIFICATIONS, loseAnswer);
    await launchPlan();
    await page.getByText('The server does not answer').waitFor();
    await page.unroute(NOTIFICATIONS);
    const known = await totals();
    await page.reload();
    await page.getByText('1 recipient', { exact: true }).waitFor();
    await send('Send');
    await page.getByText('It was launched already').waitFor();
    assert.deepEqual(await totals(), known);
    await page.getByRole('button', { name: 'Make it another one' }).click();
    await send('Send');
    await arrive();
    assert.deepEqual(await totals(), [1, ...known]);
  });

  it('makes no markup of what others wrote, in no preview', async () => {
    await recipients().fill(`${HOSTILE}\nasha@example.com`);
    for (const name of ['Microsoft Teams', 'Slack', 'E-mail', 'WhatsApp']) await choose(name);
    await text().fill(HOSTILE);
    await page.getByRole('button', { name: 'A card for Microsoft Teams' }).click();
    await page.getByRole('button', { name: 'Blocks for Slack' }).click();
    await page.getByRole('button', { name: 'A mail for E-mail' }).click();
    await page.getByRole('button', { name: 'A template for WhatsApp' }).click();
    await page.getByRole('textbox', { name: 'HTML' }).fill(
      `<style>@import "http://127.0.0.1:9/a.css"; p { color: green }</style><p style="margin:0" onclick="top.pwned=1">Hello ${HOSTILE}</p>
       <a href="javascript:top.pwned=1" target="_top">a</a><iframe src="http://127.0.0.1:9/"></iframe><svg onload="top.pwned=1"></svg>
       <meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/"><img src="http://127.0.0.1:9/seen.png" onerror="top.pwned=1">`,
    );
    for (const [name, shown] of [
      ['Microsoft Teams', '.preview-card'],
      ['Slack', '#slack_blocks_to_jsx'],
      ['E-mail', 'iframe'],
      ['WhatsApp', '.preview-whatsapp'],
    ] as const) {
      await preview().getByRole('radio', { name }).click();
      await preview().locator(shown).waitFor();
    }
    await preview().getByRole('radio', { name: 'E-mail' }).click();
    await page.frameLocator('iframe[title="The mail"]').getByText('Hello').waitFor();
    assert.equal(await page.locator('.compose img[src="x"], .compose script').count(), 0);
    assert.equal(await page.evaluate('window.pwned'), undefined);
    assert.deepEqual(complaints(), []);
    const making = "document.body.insertAdjacentHTML('beforeend', '<b>made</b>')";
    await assert.rejects(page.evaluate(making), /TrustedHTML/, 'no text becomes markup, whoever tries');
  });
});

/** The server has done what was asked, and nobody hears of it. */
async function loseAnswer(route: Route): Promise<void> {
  await route.fetch();
  await route.abort();
}
