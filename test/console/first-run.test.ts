import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openBesideBrowser, openPage, type WatchedPage } from '../support/browser.ts';
import { type ConsoleStage, openConsoleStage } from '../support/console-stage.ts';
import { findFaults } from './looks.ts';

const PASSWORD = 'a quiet lighthouse keeper';

describe('the first hour with the console', () => {
  let browser: Browser;
  let stage: ConsoleStage;
  let watched: WatchedPage;
  let page: Page;
  before(async () => {
    [browser, stage] = await openBesideBrowser(openConsoleStage({ isSetUp: false }));
    watched = await openPage(browser);
    page = watched.page;
  });
  after(async () => {
    await browser?.close();
    await stage?.close();
  });

  const shutsNobodyOut = async () => assert.deepEqual(await findFaults(page), []);

  it('leads from the set-up link to a message that has arrived', async () => {
    await page.goto((await stage.server.makeSetUpLink()) ?? '');
    await page.getByRole('heading', { level: 1, name: 'Set up Beckon' }).waitFor();
    await shutsNobodyOut();
    await page.getByLabel('Your name').fill('Asha Nair');
    await page.getByLabel('E-mail').fill('asha@example.com');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');

    await page.getByRole('heading', { level: 1, name: 'Name the bot' }).waitFor();
    await shutsNobodyOut();
    await page.getByLabel('Name').fill('HR assistant');
    await page.keyboard.press('Enter');

    await page.getByRole('button', { name: 'Connect the simulated webhook' }).waitFor();
    await shutsNobodyOut();
    await page.getByRole('button', { name: /^Slack/ }).click();
    await page.getByLabel('Token', { exact: true }).fill('xoxb-of-somebody-else');
    await page.getByText('More settings').click();
    await page.getByLabel('API URL').fill(stage.sandbox.urls.slack);
    await page.getByRole('button', { name: 'Save and check' }).click();
    await page.getByText('switch on “May call private addresses” below').waitFor();
    await page.getByLabel('May call private addresses').click();
    await page.getByRole('button', { name: 'Save and check' }).click();
    await page.getByText('Correct them and check again').waitFor();
    await page.getByText('Slack said invalid_auth').waitFor();
    await page.getByRole('button', { name: 'Go on anyway' }).waitFor();
    await shutsNobodyOut();
    await page.getByRole('button', { name: 'Another channel' }).click();
    await page.getByRole('button', { name: 'Connect the simulated webhook' }).click();
    await page.getByLabel('URL', { exact: true }).fill(`${stage.sandbox.urls.hooks}/first`);
    await page.getByRole('button', { name: 'Save and check' }).click();
    await page.getByText('The credentials are good.').waitFor();
    await shutsNobodyOut();
    await page.getByRole('button', { name: 'Go on' }).click();

    await page.getByLabel('Name').fill('CI');
    await page.getByRole('button', { name: 'Make the app' }).click();
    await page.getByText('Client secret').waitFor();
    await shutsNobodyOut();
    await page.getByRole('button', { name: 'Go on' }).click();

    await page.getByLabel('To').fill('john@example.com');
    await page.getByRole('button', { name: 'Send it' }).click();
    await page.getByText('It is delivered.').waitFor();
    await shutsNobodyOut();
    assert.deepEqual(
      stage.sandbox.ledger.entries({ provider: 'hooks' }).map(({ text }) => text),
      ['Hello from Beckon'],
    );
    await page.getByRole('link', { name: 'See all about it' }).click();
    await page.getByText('1 recipient in').waitFor();
    assert.deepEqual(watched.complaints, []);
  });

  it('lets them sign out, and in again by the keyboard alone', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    await shutsNobodyOut();
    await page.keyboard.type('asha@example.com');
    await page.keyboard.press('Tab');
    await page.keyboard.type('not the password');
    await page.keyboard.press('Enter');
    await page.getByText('do not fit together').waitFor();
    await shutsNobodyOut();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('navigation', { name: 'Console' }).waitFor();
  });

  it('says that a link was followed before, and how to come in without it', async () => {
    const link = await stage.server.makeSignInLink({ name: 'Asha Nair', email: 'asha@example.com' });
    const { page: other } = await openPage(browser);
    await other.goto(link);
    await other.getByRole('navigation', { name: 'Console' }).waitFor();
    await other.context().clearCookies();
    await other.goto('about:blank');
    await other.goto(link);
    await other.getByRole('alert').waitFor();
    await other.getByLabel('Password').waitFor();
    assert.deepEqual(await findFaults(other), []);
    await other.context().close();
  });
});
