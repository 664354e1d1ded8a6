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
  { name: 'connections', path: () => '/connections', ready: text('Microsoft Teams') },
  { name: 'connection', path: (stage) => `/connections/${stage.hook}`, ready: text('Nobody') },
  { name: 'connection-new', path: () => '/connections/new', ready: text('Any SMTP relay') },
  { name: 'apps', path: () => '/apps', ready: text('Nightly import') },
  { name: 'audit', path: () => '/audit', ready: text('Save connection') },
  { name: 'not-found', path: () => '/nowhere', ready: heading('Not found') },
];
