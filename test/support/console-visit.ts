import assert from 'node:assert/strict';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { openBesideBrowser, openPage } from './browser.ts';
import type { ConsoleStage } from './console-stage.ts';

/** Somebody who is signed in, in front of a browser. */
export interface Visit<Stage extends ConsoleStage> {
  readonly stage: Stage;
  readonly browser: Browser;
  readonly page: Page;
  /** Goes to a page of the bot. */
  go(path: string): Promise<void>;
  /** The browser had nothing to say against what was shown so far: no error, no violation of the policy. */
  assertNoComplaint(): void;
  close(): Promise<void>;
}

export async function openVisit<Stage extends ConsoleStage>(
  opening: Promise<Stage>,
  options: BrowserContextOptions = {},
): Promise<Visit<Stage>> {
  const [browser, stage] = await openBesideBrowser(opening);
  const { page, complaints } = await openPage(browser, options);
  await stage.signIn(page);
  return {
    stage,
    browser,
    page,
    async go(path) {
      await page.goto(stage.home + path);
    },
    assertNoComplaint: () => assert.deepEqual(complaints, []),
    async close() {
      await browser.close();
      await stage.close();
    },
  };
}
