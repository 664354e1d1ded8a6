import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, openPage, type WatchedPage } from '../support/browser.ts';
import { type ConsoleStage, openConsoleStage } from '../support/console-stage.ts';

const MESSAGE = { type: 'text', val: 'The office is closed tomorrow.' } as const;

describe('notifications in the console', () => {
  let browser: Browser;
  let stage: ConsoleStage;
  let watched: WatchedPage;
  let page: Page;
  before(async () => {
    [browser, stage] = await Promise.all([openBrowser(), openConsoleStage()]);
    watched = await openPage(browser);
    page = watched.page;
    await stage.signIn(page);
  });
  after(async () => {
    await browser.close();
    await stage.close();
  });
  beforeEach(() => assert.deepEqual(watched.complaints, []));

  it('are listed with what became of them, and lead to their own page', async () => {
    const { id } = await stage.send({ channel: 'ivr', message: MESSAGE, recipients: ['one', 'two'] });
    await page.goto(`${stage.home}/notifications`);
    await page.getByRole('link', { name: id }).click();
    await page.getByRole('heading', { level: 1, name: 'Webhook' }).waitFor();
    await page.getByText('2 recipients in').waitFor();
    await page.getByRole('button', { name: 'one', exact: true }).click();
    await page.getByRole('dialog', { name: 'one' }).getByText('delivered').waitFor();
    await page.keyboard.press('Escape');
    assert.deepEqual(watched.complaints, []);
  });
});
