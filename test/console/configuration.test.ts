import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { createClient } from '../../src/client/client.ts';
import { openPage } from '../support/browser.ts';
import { type ConsoleStage, openConsoleStage } from '../support/console-stage.ts';
import { openVisit, type Visit } from '../support/console-visit.ts';
import { findFaults } from './looks.ts';

describe('configuring in the console', () => {
  let visit: Visit<ConsoleStage>;
  let page: Page;
  before(async () => {
    visit = await openVisit(openConsoleStage());
    page = visit.page;
  });
  after(() => visit?.close());
  afterEach(() => visit.assertNoComplaint());

  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: typeof name === 'string' });

  it('adds a connection, names the field that is wrong, and asks the provider whether the credentials are good', async () => {
    await visit.go('/connections');
    await page.getByRole('link', { name: 'Add a connection' }).click();
    await button(/^Webhook/).click();
    await page.getByLabel('Name').fill('Payroll');
    await page.getByLabel('URL', { exact: true }).fill(`${visit.stage.sandbox.urls.hooks}/payroll`);
    await page.getByLabel('Secret', { exact: true }).fill('too short');
    await page.getByText('More settings').click();
    await page.getByLabel('May call private addresses').click();
    await button('Save and check').click();
    await page.locator('[aria-invalid=true]').waitFor();
    assert.equal(
      await page.locator('[aria-invalid=true]').getAttribute('id'),
      await page.getByLabel('Secret', { exact: true }).getAttribute('id'),
    );
    await page.getByLabel('Secret', { exact: true }).fill('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    await button('Save and check').click();
    await page.getByRole('heading', { level: 1, name: 'Webhook · Payroll' }).waitFor();
    await button('Check the credentials').click();
    await page.getByText('The credentials are good.').first().waitFor();
    assert.equal(await page.getByLabel('Secret optional', { exact: true }).inputValue(), '');
  });

  it('makes an app whose token is good, gives it another secret, and takes it away', async () => {
    await visit.go('/apps');
    await button('Make an app').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('CI');
    await dialog.getByRole('button', { name: 'Make the app' }).click();
    const call = dialog.locator('pre', { hasText: 'curl' });
    await call.getByText('eyJ').waitFor();
    const [, token = ''] = /auth: (\S+)"/.exec((await call.textContent()) ?? '') ?? [];
    const client = createClient({ url: visit.stage.url, token });
    const { connections } = await client.connections.list({ botId: visit.stage.botId });
    assert.ok(connections.length > 0);
    await dialog.getByRole('button', { name: 'I have copied it' }).click();
    await button('Change CI').click();
    await page.getByRole('menuitem', { name: 'Rotate its secret…' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Rotate' }).click();
    await dialog.getByText('Client secret').waitFor();
    await dialog.getByRole('button', { name: 'I have copied it' }).click();
    await button('Change CI').click();
    await page.getByRole('menuitem', { name: 'Take it away…' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Take it away' }).click();
    await page.getByText('CI is gone').waitFor();
    await assert.rejects(client.connections.list({ botId: visit.stage.botId }), { status: 401 });
  });

  it('invites somebody, whose link lets them in and shows them no more than they may see', async () => {
    await visit.go('/operators');
    await button('Invite somebody').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name').fill('Ravi Kapoor');
    await dialog.getByLabel('E-mail').fill('ravi@example.com');
    await dialog.getByLabel('HR assistant').click();
    await dialog.getByRole('button', { name: 'Invite' }).click();
    const link = (await dialog.locator('code').textContent()) ?? '';
    await dialog.getByRole('button', { name: 'I have copied it' }).click();
    const { page: theirs } = await openPage(visit.browser);
    await theirs.goto(link);
    await theirs.getByLabel('Password').waitFor();
    assert.deepEqual(await findFaults(theirs), []);
    await theirs.getByLabel('Password').fill('a quiet lighthouse keeper');
    await theirs.keyboard.press('Enter');
    await theirs.getByRole('navigation', { name: 'Console' }).waitFor();
    assert.equal(await theirs.getByRole('link', { name: 'Apps' }).count(), 0);
    await button('Change Ravi Kapoor').click();
    await page.getByRole('menuitem', { name: 'Disable…' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Disable' }).click();
    await page
      .getByRole('row', { name: /Ravi Kapoor/ })
      .getByText('disabled')
      .waitFor();
    await theirs.reload();
    await theirs.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    await theirs.context().close();
  });

  it('shows in the audit who did that, by their names', async () => {
    const settings = {
      url: `${visit.stage.sandbox.urls.hooks}/nightly`,
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    };
    const body = { botId: visit.stage.botId, channel: 'ivr', name: 'Nightly', settings, allowPrivateNetwork: true };
    await visit.stage.client.admin.connections.save(body);
    await visit.go('/audit');
    const saved = page.getByRole('row', { name: /Save connection/ });
    await saved.first().getByText('Nightly import', { exact: true }).waitFor();
    await saved.last().getByText('Meera Nair (you)').waitFor();
    await page.getByRole('radio', { name: 'The server' }).click();
    await page.getByRole('row', { name: /Rotate app/ }).waitFor();
  });
});
