import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { findBarriers, openBesideBrowser, openPage } from '../support/browser.ts';
import { type ToldStage, tellStory } from '../support/console-story.ts';
import { PAGES } from './pages.ts';

const LOOKS = [
  { look: 'light', options: { viewport: { width: 1280, height: 800 }, colorScheme: 'light' } },
  { look: 'dark, on a phone', options: { viewport: { width: 375, height: 812 }, colorScheme: 'dark' } },
] as const;

describe('every page of the console', () => {
  let browser: Browser;
  let stage: ToldStage;
  before(async () => {
    [browser, stage] = await openBesideBrowser(tellStory());
  });
  after(async () => {
    await browser?.close();
    await stage?.close();
  });

  for (const { look, options } of LOOKS) {
    describe(look, () => {
      let page: Page;
      let complaints: readonly string[];
      before(async () => {
        ({ page, complaints } = await openPage(browser, options));
        await stage.signIn(page);
      });
      for (const { name, path, ready } of PAGES) {
        it(`${name} shuts nobody out, and fits`, async () => {
          await page.goto(stage.home + path(stage));
          await ready(page);
          assert.deepEqual(await findBarriers(page), []);
          assert.ok(
            await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth'),
            'it scrolls sideways',
          );
          assert.deepEqual(complaints, []);
        });
      }
    });
  }

  it('leads on by the keyboard, past the navigation if one wishes', async () => {
    const { page } = await openPage(browser);
    await stage.signIn(page);
    await page.goto(`${stage.home}/notifications`);
    await page.getByText('100 % delivered').first().waitFor();
    const first = await page.locator('a, button').first().textContent();
    assert.equal(first, 'Skip to the page');
    await page.getByRole('link', { name: 'Skip to the page' }).focus();
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate('document.activeElement.id'), 'content');
  });

  it('is reached on a phone by a menu that closes when it has led somewhere', async () => {
    const { page } = await openPage(browser, { viewport: { width: 375, height: 812 } });
    await stage.signIn(page);
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.getByRole('dialog').getByRole('link', { name: 'Connections' }).click();
    await page.getByRole('heading', { level: 1, name: 'Connections' }).waitFor();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });
});
