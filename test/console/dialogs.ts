import type { Locator, Page } from 'playwright-core';
import type { ToldStage } from '../support/console-story.ts';
import { checkSomething, openSomebody, writeSomething } from './pages.ts';

/** A dialog of the console, and how it is come by. */
export interface ShownDialog {
  readonly name: string;
  /** Of the page it opens over, under the bot's own. */
  readonly path: (stage: ToldStage) => string;
  /** What has to be done on the page before. */
  readonly prepare?: (page: Page) => Promise<unknown>;
  /** It is pressed first, and has the focus again when all is closed. */
  readonly opener: (page: Page) => Locator;
  /** What is pressed after it, until the dialog is there. */
  readonly next?: (page: Page) => Promise<unknown>;
}

const button = (name: string | RegExp) => (page: Page) =>
  page.getByRole('button', { name, exact: typeof name === 'string' });
const item = (name: string) => (page: Page) => page.getByRole('menuitem', { name }).press('Enter');
const inDialog = (name: string) => (page: Page) => page.getByRole('alertdialog').getByRole('button', { name }).click();

const announcement = ({ announcement }: ToldStage) => `/notifications/${announcement}`;
const townHall = ({ townHall }: ToldStage) => `/notifications/${townHall}`;
const payroll = ({ hook }: ToldStage) => `/connections/${hook}`;
const on = (path: string) => () => path;

/** Every dialog there is. A new one is listed here. */
export const DIALOGS: readonly ShownDialog[] = [
  { name: 'pause', path: townHall, opener: button('Pause') },
  { name: 'cancel', path: townHall, opener: button('More'), next: item('Cancel…') },
  { name: 'reschedule', path: townHall, opener: button('More'), next: item('Send it at another time…') },
  { name: 'extend', path: townHall, opener: button('More'), next: item('Extend its time…') },
  { name: 'send again', path: announcement, opener: button('Send again…') },
  { name: 'take back', path: announcement, opener: button('More'), next: item('Take it back…') },
  { name: 'change the message', path: announcement, opener: button('More'), next: item('Change the message…') },
  { name: 'one recipient', path: announcement, opener: button(/^john\.nair\.3@/) },
  { name: 'start anew', path: on('/compose'), opener: button('Start anew') },
  { name: 'send', path: on('/compose'), prepare: writeSomething, opener: button(/^Send to/) },
  {
    name: 'launch a plan',
    path: on('/compose'),
    prepare: checkSomething,
    opener: button('Launch exactly this plan'),
  },
  { name: 'remove a person', path: on('/people'), prepare: openSomebody, opener: button('Remove…') },
  { name: 'erase a person', path: on('/people'), prepare: openSomebody, opener: button('Erase everywhere…') },
  { name: 'archive', path: on('/templates/welcome'), opener: button('Archive…') },
  { name: 'take a connection away', path: payroll, opener: button('Take away…') },
  { name: 'make an app', path: on('/apps'), opener: button('Make an app') },
  {
    name: 'the secret of a new app',
    path: on('/apps'),
    opener: button('Make an app'),
    async next(page) {
      await page.getByRole('dialog').getByLabel('Name').fill('CI');
      await page.getByRole('button', { name: 'Make the app' }).press('Enter');
      await page.getByText('Client secret').waitFor();
    },
  },
  { name: 'rotate a secret', path: on('/apps'), opener: button('Change Payroll'), next: item('Rotate its secret…') },
  {
    name: 'the rotated secret',
    path: on('/apps'),
    opener: button('Change Payroll'),
    async next(page) {
      await item('Rotate its secret…')(page);
      await inDialog('Rotate')(page);
      await page.getByText('Client secret').waitFor();
    },
  },
  { name: 'take an app away', path: on('/apps'), opener: button('Change Payroll'), next: item('Take it away…') },
  { name: 'invite', path: on('/operators'), opener: button('Invite somebody') },
  {
    name: 'an invitation',
    path: on('/operators'),
    opener: button('Invite somebody'),
    async next(page) {
      await page.getByRole('dialog').getByLabel('Name').fill('Lena Schmidt');
      await page.getByRole('dialog').getByLabel('E-mail').fill('lena@example.com');
      await page.getByRole('dialog').getByLabel('HR assistant').click();
      await page.getByRole('button', { name: 'Invite', exact: true }).press('Enter');
      await page.getByText('I have copied it').waitFor();
    },
  },
  {
    name: 'change an operator',
    path: on('/operators'),
    opener: button('Change Ravi Kapoor'),
    next: item('Name, role'),
  },
  { name: 'a new link', path: on('/operators'), opener: button('Change Ravi Kapoor'), next: item('New link') },
  { name: 'sign out', path: on('/operators'), opener: button('Change Ravi Kapoor'), next: item('Sign out') },
  { name: 'disable', path: on('/operators'), opener: button('Change Ravi Kapoor'), next: item('Disable…') },
  { name: 'remove an operator', path: on('/operators'), opener: button('Change Ravi Kapoor'), next: item('Remove…') },
];
