import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { after, afterEach, before, describe, it } from 'node:test';
import { parse } from 'csv-parse/sync';
import type { Page } from 'playwright-core';
import { type ConsoleStage, openConsoleStage } from '../support/console-stage.ts';
import { openVisit, type Visit } from '../support/console-visit.ts';

const MESSAGE = { type: 'text', val: 'The office is closed tomorrow.' } as const;

describe('a notification in the console', () => {
  let visit: Visit<ConsoleStage>;
  let page: Page;
  before(async () => {
    visit = await openVisit(openConsoleStage());
    page = visit.page;
  });
  after(() => visit?.close());
  afterEach(() => visit.assertNoComplaint());

  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });
  const schedule = async (): Promise<string> => {
    const [sendAt, expiresAt] = [3_600_000, 7_200_000].map((ms) => new Date(Date.now() + ms).toISOString());
    const body = {
      channel: 'ivr',
      message: MESSAGE,
      recipients: ['one', 'two'],
      ...(sendAt && { sendAt }),
      ...(expiresAt && { expiresAt }),
    };
    return (await visit.stage.client.notifications.send({ botId: visit.stage.botId, body })).id;
  };

  it('is found in the list, and tells what became of each recipient', async () => {
    const exclude = { identities: ['three'], tags: ['leaver'] };
    const { id } = await visit.stage.send({ channel: 'ivr', message: MESSAGE, recipients: ['one', 'two'], exclude });
    await visit.go('/notifications');
    await page.getByRole('link', { name: id }).click();
    await page.getByRole('heading', { level: 1, name: 'Webhook' }).waitFor();
    await page.getByText('2 recipients in').waitFor();
    await page.getByText('1 by name; tagged leaver').waitFor();
    await button('one').click();
    await page.getByRole('dialog', { name: 'one' }).getByText('delivered').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('is paused, resumed and cancelled, with its numbers before and after', async () => {
    await visit.go(`/notifications/${await schedule()}`);
    await button('Pause').click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByText('2 recipients').waitFor();
    await dialog.getByRole('button', { name: 'Pause' }).click();
    await dialog.getByText('It is paused.').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByText('Paused', { exact: true }).waitFor();
    await button('Resume').click();
    await page.getByText('Scheduled', { exact: true }).waitFor();
    await button('More').click();
    await page.getByRole('menuitem', { name: 'Cancel…' }).click();
    await dialog.getByRole('button', { name: 'Cancel it for good' }).click();
    await dialog.getByText('2 are not sent it any more').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByText('Cancelled', { exact: true }).waitFor();
  });

  it('is given another time, and sent at once', async () => {
    await visit.go(`/notifications/${await schedule()}`);
    await button('More').click();
    await page.getByRole('menuitem', { name: 'Send it at another time…' }).click();
    await page.getByLabel('Not before').fill('');
    await button('Send it now').click();
    await page.getByText('2 recipients in').waitFor();
  });

  it('is changed and taken back where it was delivered, in numbers beforehand and afterwards', async () => {
    await visit.stage.know([
      teamsPerson('kept', visit.stage.sandbox.urls.teams),
      teamsPerson('took', visit.stage.sandbox.urls.teams),
    ]);
    const recipients = ['kept@abc.com', 'took@abc.com'];
    const { id } = await visit.stage.send({ channel: 'msteams', message: MESSAGE, recipients });
    const shown = () =>
      visit.stage.sandbox.ledger.entries({ provider: 'teams' }).filter(({ recipient }) => recipient === '29:kept');
    await visit.go(`/notifications/${id}`);
    await button('More').click();
    await page.getByRole('menuitem', { name: 'Change the message…' }).click();
    await page.getByLabel('What it says instead').fill('The office is open tomorrow.');
    await button('Change it').click();
    await page.getByText('2 have it changed now').waitFor();
    await page.getByRole('link', { name: 'How far it is' }).click();
    await page.getByText('2 recipients in').waitFor();

    await visit.go(`/notifications/${id}`);
    await button('More').click();
    await page.getByRole('menuitem', { name: 'Take it back…' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByText('2 recipients').waitFor();
    await dialog.getByRole('button', { name: 'Take it back' }).click();
    await dialog.getByText('2 have it taken back now').waitFor();
    await dialog.getByRole('link', { name: 'How far it is' }).click();
    await page.getByText('2 recipients in').waitFor();
    assert.deepEqual(
      shown().map(({ action }) => action),
      ['send', 'update', 'delete'],
    );
  });

  it('tells by which rules it stops by itself, before it does and when it has', async () => {
    const { faults, urls } = visit.stage.sandbox;
    faults.set([{ provider: 'teams', route: 'send', recipient: '29:wrong-*', fault: { kind: 'status', status: 403 } }]);
    const names = ['wrong-1', 'wrong-2', 'right-1', 'right-2'];
    await visit.stage.know(names.map((name) => teamsPerson(name, urls.teams)));
    const body = {
      channel: 'msteams',
      message: MESSAGE,
      recipients: names.map((name) => `${name}@abc.com`),
      canary: { first: 2, maxFailureShare: 0.25 },
      pauseWhen: { failureShare: 0.5, after: 3 },
      sendAt: new Date(Date.now() + 3_600_000).toISOString(),
    } as const;
    const { id } = await visit.stage.client.notifications.send({ botId: visit.stage.botId, body });
    await visit.go(`/notifications/${id}`);
    const rules = page.getByRole('region', { name: 'Stops by itself' });
    await rules.getByText('2 recipients go ahead. If more than 25 % of them fail, it is paused').waitFor();
    await rules.getByText('So far 0 of the 2, 0 failed.').waitFor();
    await rules.getByText('more than 50 % have failed, of 3 or more').waitFor();
    await visit.stage.client.reschedule({ botId: visit.stage.botId, notificationId: id, body: { sendAt: null } });
    await page.reload();
    await rules.getByText('It has paused it: ').waitFor();
    await page.getByText('Paused', { exact: true }).first().waitFor();
    faults.clear();
  });

  it('is exported whole, however it is filtered on the screen, a row for each', async () => {
    const recipients = Array.from({ length: 250 }, (_, index) => `name "${index}", of many`);
    const { id } = await visit.stage.send({ channel: 'ivr', message: MESSAGE, recipients });
    await visit.go(`/notifications/${id}`);
    await page.getByText('250 recipients in').waitFor();
    const csv = parse(await exportAs('CSV'), { columns: true }) as { identity: string }[];
    assert.deepEqual(csv.map(({ identity }) => identity).sort(), recipients.toSorted());
    const lines = (await exportAs('NDJSON')).trimEnd().split('\n');
    assert.equal(new Set(lines.map((line) => JSON.parse(line).identity)).size, 250);
  });

  it('is given more time', async () => {
    await visit.go(`/notifications/${await schedule()}`);
    await button('More').click();
    await page.getByRole('menuitem', { name: 'Extend its time…' }).click();
    await button('Extend').click();
    await page.getByText('Extended', { exact: true }).waitFor();
  });

  it('says why some were not reached, finds them, and is sent to them again', async () => {
    const { faults, urls } = visit.stage.sandbox;
    // As Teams answers for whoever has taken the app away.
    faults.set([{ provider: 'teams', route: 'send', recipient: '29:bad-*', fault: { kind: 'status', status: 403 } }]);
    const names = ['good-1', 'bad-1', 'bad-2'];
    await visit.stage.know(names.map((name) => teamsPerson(name, urls.teams)));
    const recipients = names.map((name) => `${name}@abc.com`);
    const { id } = await visit.stage.send({ channel: 'msteams', message: MESSAGE, recipients });
    await visit.go(`/notifications/${id}`);
    await page.getByRole('region', { name: 'Why not delivered' }).getByRole('button').click();
    await page.getByText('2 recipients', { exact: true }).waitFor();
    await page.getByLabel('Search by the beginning').fill('bad-2');
    await page.getByText('1 recipient', { exact: true }).waitFor();
    assert.deepEqual((await exportAs('CSV')).match(/bad-\d/g), ['bad-2']);
    faults.clear();
    await button('Send again…').click();
    await button('Send to 2 recipients').click();
    await page.getByText('are being sent it again').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.getByText('delivered', { exact: true }).first().waitFor();
    await page.getByRole('region', { name: 'Why not delivered' }).waitFor({ state: 'detached' });
  });

  async function exportAs(format: string): Promise<string> {
    await button('Export').click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: format }).click(),
    ]);
    return text(await download.createReadStream());
  }
});

const teamsPerson = (name: string, serviceUrl: string) => ({
  email: `${name}@abc.com`,
  addresses: [{ channel: 'msteams', channelId: `29:${name}`, reference: { conversationId: `a:${name}`, serviceUrl } }],
});
