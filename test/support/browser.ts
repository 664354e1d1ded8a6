import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type LaunchOptions, type Page } from 'playwright-core';

/** A real browser: on Linux one that comes with the packages, elsewhere the Chrome that is installed. */
export async function openBrowser(): Promise<Browser> {
  try {
    return await chromium.launch({ ...(await findBrowser()), timeout: START_MS });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`No browser starts on this machine, so nothing that people see can be tested: ${why}`, {
      cause: error,
    });
  }
}

const START_MS = 20_000;

async function findBrowser(): Promise<LaunchOptions> {
  if (process.platform !== 'linux') return { channel: 'chrome' };
  const { default: packed } = await import('@sparticuz/chromium');
  // No sandbox within: containers seldom let a browser make one, and it is shown nothing but our own pages.
  const args = ['--headless=shell', '--no-sandbox', '--no-zygote', '--disable-gpu', '--font-render-hinting=none'];
  return { executablePath: await packed.executablePath(), args };
}

/**
 * A browser and what it is to look at, opened side by side. Where no browser starts the other is closed again: a server that
 * nobody closes would keep the run until its time is over.
 */
export async function openBesideBrowser<Shown extends { close(): Promise<unknown> }>(
  opening: Promise<Shown>,
): Promise<[Browser, Shown]> {
  const [browser, shown] = await Promise.allSettled([openBrowser(), opening]);
  if (browser.status === 'fulfilled' && shown.status === 'fulfilled') return [browser.value, shown.value];
  for (const opened of [browser, shown]) if (opened.status === 'fulfilled') await opened.value.close();
  throw browser.status === 'rejected' ? browser.reason : (shown as PromiseRejectedResult).reason;
}

/** A page, and what its console said that should not have been said: errors, and violations of its policy. */
export interface WatchedPage {
  readonly page: Page;
  readonly complaints: readonly string[];
}

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    ...options,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    const isBad = message.type() === 'error' || message.type() === 'warning';
    // A refused call of the API is an answer like any other; browsers write it down all the same.
    const isRefusal = /status of 4\d\d/.test(message.text()) && message.location().url.includes('/api/');
    if (isBad && !isRefusal) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, complaints };
}

/** What axe-core has against a page by WCAG 2.2 AA; each with the first place where it is. */
export async function findBarriers(page: Page): Promise<readonly string[]> {
  // Evaluated and not put into the page, whose policy would refuse a script of ours.
  if (await page.evaluate(`typeof axe === 'undefined'`)) await page.evaluate(axe.source);
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const found = await page.evaluate<axe.AxeResults>(`axe.run(document, { runOnly: ${JSON.stringify(tags)} })`);
  return found.violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html}\n    ${failureSummary}`).join('\n  ')}`,
  );
}
