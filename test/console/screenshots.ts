import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { openBesideBrowser, openPage } from '../support/browser.ts';
import { type ConsoleStage, openConsoleStage } from '../support/console-stage.ts';
import { type ToldStage, tellStory } from '../support/console-story.ts';
import { DIALOGS, type ShownDialog } from './dialogs.ts';
import { walkFirstHour } from './first-hour.ts';
import { PAGES, type ShownPage } from './pages.ts';

/** `npm run screenshots [-- --only overview,dialog-send --into folder]`: every page and dialog of the console, wide and on a phone. */
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
const [browser, stage] = await openBesideBrowser(tellStory());
const isAsked = (name: string) => values.only === undefined || values.only.split(',').includes(name);
const pages = PAGES.filter(({ name }) => isAsked(name));
const fileOf = ({ name }: ShownDialog) => `dialog-${name.replaceAll(' ', '-')}`;
const dialogs = DIALOGS.filter((dialog) => isAsked(fileOf(dialog)));
for (const shape of SHAPES) await shoot(browser, stage, shape);
await shootDialogs(browser, stage);
const newcomer = await openConsoleStage({ isSetUp: false });
await shootFirstHour(browser, newcomer);
await newcomer.close();
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
  await shootWhole(page, file);
}

async function shootWhole(page: Page, file: string): Promise<void> {
  await page.evaluate('document.fonts.ready');
  const viewport = page.viewportSize() ?? SHAPES[0].viewport;
  const height = Number(await page.evaluate('document.documentElement.scrollHeight'));
  // The window itself is as high as what it shows, up to a point: what sticks to its edges is where it belongs.
  await page.setViewportSize({ ...viewport, height: Math.min(Math.max(height, viewport.height), MOST_PX) });
  await shootWindow(page, file);
  await page.setViewportSize(viewport);
}

async function shootWindow(page: Page, file: string): Promise<void> {
  await page.screenshot({ path: file, animations: 'disabled' });
  console.log(file);
}

/** Each is opened once, for many a dialog does what can be done but once, and seen in every shape. */
async function shootDialogs(browser: Browser, stage: ToldStage): Promise<void> {
  const { page } = await openPage(browser, { viewport: SHAPES[0].viewport });
  await stage.signIn(page);
  for (const dialog of dialogs) {
    await page.goto(stage.home + dialog.path(stage));
    await dialog.prepare?.(page);
    await dialog.opener(page).press('Enter');
    await dialog.next?.(page);
    await page.locator(':is([role=dialog], [role=alertdialog])').waitFor();
    await shootInEveryShape(page, fileOf(dialog), shootWindow);
  }
  await page.context().close();
}

/** What a newcomer sees, and then whoever comes back. */
async function shootFirstHour(browser: Browser, stage: ConsoleStage): Promise<void> {
  const { page } = await openPage(browser, { viewport: SHAPES[0].viewport });
  const see = async (stop: string) => {
    if (isAsked(stop)) await shootInEveryShape(page, stop, shootWhole);
  };
  await walkFirstHour(page, stage, see);
  await page.getByRole('link', { name: 'See all about it' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  await see('sign-in');
  await page.context().close();
}

/** As it stands, and then wide again. */
async function shootInEveryShape(page: Page, name: string, shootIt: typeof shootWindow): Promise<void> {
  for (const { name: shape, viewport, colorScheme } of SHAPES) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    await shootIt(page, `${into}/${name}-${shape}.png`);
  }
  const [wide] = SHAPES;
  await page.emulateMedia({ colorScheme: wide.colorScheme });
  await page.setViewportSize(wide.viewport);
}
