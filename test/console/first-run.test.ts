import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openBesideBrowser, openPage, type WatchedPage } from '../support/browser.ts';
import { type ConsoleStage, openConsoleStage } from '../support/console-stage.ts';
import { PASSWORD, walkFirstHour } from './first-hour.ts';
import { findFaults } from './looks.ts';

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
    await walkFirstHour(page, stage, shutsNobodyOut);
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
