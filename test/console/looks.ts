import type { Page } from 'playwright-core';
import { findBarriers } from '../support/browser.ts';

const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 375, height: 812 };

/** How operators see the console: on a desk and on a phone, by day and by night. */
export const LOOKS = [
  { look: 'light', viewport: WIDE, colorScheme: 'light' },
  { look: 'dark', viewport: WIDE, colorScheme: 'dark' },
  { look: 'dark, on a phone', viewport: PHONE, colorScheme: 'dark' },
  { look: 'light, on a phone', viewport: PHONE, colorScheme: 'light' },
] as const;

/** Whom what is shown now shuts out, and where it does not fit, in every look. The page is as it was then. */
export async function findFaults(page: Page): Promise<readonly string[]> {
  const faults: string[] = [];
  const before = page.viewportSize() ?? WIDE;
  for (const { look, viewport, colorScheme } of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    // Colours have changed and lines are broken anew once it was painted.
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    faults.push(...(await findBarriers(page)).map((barrier) => `${look}: ${barrier}`));
    if (await page.evaluate('document.documentElement.scrollWidth > window.innerWidth'))
      faults.push(`${look}: it scrolls sideways`);
  }
  await page.setViewportSize(before);
  return faults;
}
