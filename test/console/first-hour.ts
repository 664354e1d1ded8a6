import type { Page } from 'playwright-core';
import type { ConsoleStage } from '../support/console-stage.ts';

export const PASSWORD = 'a quiet lighthouse keeper';

/**
 * From the set-up link of a server that nobody has configured to a message that has arrived, a wrong token on the way.
 * `see` is called wherever there is something new to look at, and goes on with the page as it found it.
 */
export async function walkFirstHour(
  page: Page,
  stage: ConsoleStage,
  see: (stop: string) => Promise<void>,
): Promise<void> {
  await page.goto((await stage.server.makeSetUpLink()) ?? '');
  await page.getByRole('heading', { level: 1, name: 'Set up Beckon' }).waitFor();
  await see('set-up');
  await page.getByLabel('Your name').fill('Asha Nair');
  await page.getByLabel('E-mail').fill('asha@example.com');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');

  await page.getByRole('heading', { level: 1, name: 'Name the bot' }).waitFor();
  await see('welcome-bot');
  await page.getByLabel('Name').fill('HR assistant');
  await page.keyboard.press('Enter');

  await page.getByRole('button', { name: 'Connect the simulated webhook' }).waitFor();
  await see('welcome-connection');
  await page.getByRole('button', { name: /^Slack/ }).click();
  await page.getByLabel('Token', { exact: true }).fill('xoxb-of-somebody-else');
  await page.getByText('More settings').click();
  await page.getByLabel('API URL').fill(stage.sandbox.urls.slack);
  await page.getByRole('button', { name: 'Save and check' }).click();
  await page.getByText('switch on “May call private addresses” below').waitFor();
  await page.getByLabel('May call private addresses').click();
  await page.getByRole('button', { name: 'Save and check' }).click();
  await page.getByText('Correct them and check again').waitFor();
  await page.getByText('Slack said invalid_auth').waitFor();
  await page.getByRole('button', { name: 'Go on anyway' }).waitFor();
  await see('welcome-refused');
  await page.getByRole('button', { name: 'Another channel' }).click();
  await page.getByRole('button', { name: 'Connect the simulated webhook' }).click();
  await page.getByLabel('URL', { exact: true }).fill(`${stage.sandbox.urls.hooks}/first`);
  await page.getByRole('button', { name: 'Save and check' }).click();
  await page.getByText('The credentials are good.').waitFor();
  await see('welcome-checked');
  await page.getByRole('button', { name: 'Go on' }).click();

  await page.getByLabel('Name').fill('CI');
  await page.getByRole('button', { name: 'Make the app' }).click();
  await page.getByText('Client secret').waitFor();
  await see('welcome-app');
  await page.getByRole('button', { name: 'Go on' }).click();

  await page.getByLabel('To').fill('john@example.com');
  await page.getByRole('button', { name: 'Send it' }).click();
  await page.getByText('It is delivered.').waitFor();
  await see('welcome-message');
}
