import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { type ToldStage, tellStory } from '../support/console-story.ts';
import { openVisit, type Visit } from '../support/console-visit.ts';
import { DIALOGS } from './dialogs.ts';
import { findFaults } from './looks.ts';

const DIALOG = ':is([role=dialog], [role=alertdialog])';

describe('every dialog of the console', () => {
  let visit: Visit<ToldStage>;
  let page: Page;
  before(async () => {
    visit = await openVisit(tellStory());
    page = visit.page;
  });
  after(() => visit?.close());

  for (const { name, path, prepare, opener, next } of DIALOGS) {
    it(`${name}: shuts nobody out, keeps the keyboard, and gives it back`, async () => {
      await visit.go(path(visit.stage));
      await prepare?.(page);
      await opener(page).press('Enter');
      await next?.(page);
      const dialog = page.locator(DIALOG);
      await dialog.waitFor();
      assert.ok(await holdsFocus(page), 'the focus did not go into it');
      assert.deepEqual(await findFaults(page), []);
      for (const key of ['Tab', 'Shift+Tab']) {
        for (let pressed = 0; pressed < 9; pressed += 1) {
          await page.keyboard.press(key);
          assert.ok(await holdsFocus(page), `${key} leads out of it`);
        }
      }
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      await hasFocus(opener(page));
      visit.assertNoComplaint();
    });
  }
});

/** `:focus-within` is also who has it itself. */
const holdsFocus = async (page: Page) => (await page.locator(`${DIALOG}:focus-within`).count()) === 1;

/** It is given back a moment after the dialog is gone. */
async function hasFocus(opener: Locator): Promise<void> {
  await opener.and(opener.page().locator(':focus')).waitFor();
}
