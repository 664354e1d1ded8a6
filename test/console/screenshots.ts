import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, openPage } from '../support/browser.ts';
import { type ToldStage, tellStory } from '../support/console-story.ts';
import { PAGES, type ShownPage } from './pages.ts';

/** `npm run screenshots [-- --only overview --into folder]`: every page of the console, wide and on a phone. */
const { values } = parseArgs({ options: { only: { type: 'string' }, into: { type: 'string' } } });
const into = values.into ?? 'docs/screenshots';

const SHAPES = [
  { name: 'wide', viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  { name: 'dark', viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  { name: 'phone', viewport: { width: 375, height: 812 }, colorScheme: 'light' },
] as const;

/** Of a list without end one screen says all. */
const MOST_PX = 2_200;

mkdirSync(into, { recursive: true });
const [browser, stage] = await Promise.all([openBrowser(), tellStory()]);
const pages = PAGES.filter(({ name }) => values.only === undefined || values.only.split(',').includes(name));
for (const shape of SHAPES) await shoot(browser, stage, shape);
await browser.close();
await stage.close();

async function shoot(
  browser: Browser,
  stage: ToldStage,
  { name: shape, ...options }: (typeof SHAPES)[number],
): Promise<void> {
  const { page, complaints } = await openPage(browser, options);
  await stage.signIn(page);
  for (const shown of pages) await shootOne(page, shown, `${into}/${shown.name}-${shape}.png`);
  await page.context().close();
  for (const complaint of complaints) console.error(`${shape}: ${complaint}`);
}

async function shootOne(page: Page, { path, ready }: ShownPage, file: string): Promise<void> {
  await page.goto(stage.home + path(stage));
  await ready(page);
  await page.evaluate('document.fonts.ready');
  const viewport = page.viewportSize() ?? SHAPES[0].viewport;
  const height = Number(await page.evaluate('document.documentElement.scrollHeight'));
  // The window itself is as high as what it shows, up to a point: what sticks to its edges is where it belongs.
  await page.setViewportSize({ ...viewport, height: Math.min(Math.max(height, viewport.height), MOST_PX) });
  await page.screenshot({ path: file, animations: 'disabled' });
  await page.setViewportSize(viewport);
  console.log(file);
}
