import type { Page } from 'playwright-core';
import type { ToldStage } from '../support/console-story.ts';

/** A page of the console as a test or a picture shows it. */
export interface ShownPage {
  readonly name: string;
  /** Under the bot's own. */
  readonly path: (stage: ToldStage) => string;
  /** Resolves when what it is about can be seen. */
  readonly ready: (page: Page) => Promise<unknown>;
}

const heading = (name: string | RegExp) => (page: Page) => page.getByRole('heading', { level: 1, name }).waitFor();
const text = (words: string | RegExp) => (page: Page) => page.getByText(words).first().waitFor();

/** Every page there is. A new one is listed here, and is then held against the rules and pictured like the others. */
export const PAGES: readonly ShownPage[] = [
  { name: 'notifications', path: () => '/notifications', ready: text('100 % delivered') },
  { name: 'notification', path: (stage) => `/notifications/${stage.announcement}`, ready: text('scroll for more') },
  { name: 'compose', path: () => '/compose', ready: checkSomething },
  {
    name: 'people',
    path: () => '/people',
    ready: (page) => page.getByRole('main').getByText(/Nair/).first().waitFor(),
  },
  { name: 'person', path: () => '/people', ready: openSomebody },
  { name: 'people-import', path: () => '/people/import', ready: chooseFile },
  { name: 'template-new', path: () => '/templates/~new', ready: heading('New template') },
  { name: 'template', path: () => '/templates/welcome', ready: text('Version 1') },
  { name: 'templates', path: () => '/templates', ready: heading('Templates') },
  { name: 'connections', path: () => '/connections', ready: text('Microsoft Teams') },
  { name: 'connection', path: (stage) => `/connections/${stage.hook}`, ready: text('Nobody') },
  { name: 'connection-new', path: () => '/connections/new', ready: text('Any SMTP relay') },
  { name: 'apps', path: () => '/apps', ready: text('Nightly import') },
  { name: 'operators', path: () => '/operators', ready: text('(you)') },
  { name: 'audit', path: () => '/audit', ready: text('Save connection') },
  // Late, for servers tell what they did every few seconds only.
  { name: 'overview', path: () => '/overview', ready: text('Identity is not associated with the channel') },
  { name: 'not-found', path: () => '/nowhere', ready: heading('Not found') },
];

const ASHA = 'Asha Nair';
/** Looked for: which of many people come first is chance. */
export async function openSomebody(page: Page): Promise<void> {
  await page.getByRole('searchbox', { name: 'Search people' }).fill(ASHA);
  await page
    .getByRole('main')
    .getByRole('link', { name: new RegExp(ASHA) })
    .first()
    .click();
  await page.getByRole('heading', { level: 1, name: ASHA }).waitFor();
  await page.getByText('yes', { exact: true }).first().waitFor();
}

/** As far as somebody who writes to all on two channels may be. */
export async function writeSomething(page: Page): Promise<void> {
  await page.getByRole('textbox', { name: 'Recipients' }).fill('asha.nair.0@example.com\nyuki.tanaka.56@example.com');
  const channels = page.locator('.routes + .sheet-body select');
  for (const label of ['Microsoft Teams', 'E-mail']) {
    // On a phone the page may have it from before.
    if ((await channels.getByRole('option', { name: label }).count()) > 0) await channels.selectOption({ label });
  }
  await page.getByRole('textbox', { name: 'Text', exact: true }).fill('The office is closed tomorrow, {name}.');
  await page.getByRole('textbox', { name: 'name' }).fill('all');
  await page.getByText('closed tomorrow, all.').waitFor();
}

export async function checkSomething(page: Page): Promise<void> {
  await writeSomething(page);
  await page.getByRole('button', { name: 'Check everybody' }).click();
  await page.getByText('would get it').first().waitFor();
}

async function chooseFile(page: Page): Promise<void> {
  const rows = [
    'Mail,Display Name,Office,Language',
    'lena@example.com,Lena Schmidt,Berlin,de',
    'ravi@example.com,Ravi,Pune,en',
  ];
  const buffer = Buffer.from(rows.join('\n'));
  await page.getByLabel('People', { exact: true }).setInputFiles({ name: 'staff.csv', mimeType: 'text/csv', buffer });
  await page.getByText('Import 2 people').waitFor();
}
