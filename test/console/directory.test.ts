import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { findBarriers, openBesideBrowser, openPage, type WatchedPage } from '../support/browser.ts';
import { type ConsoleStage, openConsoleStage } from '../support/console-stage.ts';

const HOSTILE = '<img src=x onerror="window.pwned=1"> Zoë';

describe('people and templates in the console', () => {
  let browser: Browser;
  let stage: ConsoleStage;
  let watched: WatchedPage;
  let page: Page;

  before(async () => {
    [browser, stage] = await openBesideBrowser(openConsoleStage());
    watched = await openPage(browser, { viewport: { width: 375, height: 812 }, colorScheme: 'dark' });
    page = watched.page;
    await stage.signIn(page);
  });
  after(async () => {
    await browser?.close();
    await stage?.close();
  });
  const complaints = () => watched.complaints.filter((each) => !each.startsWith('Failed to load resource'));

  it('imports a file with its columns mapped, and tells each line that is bad', async () => {
    await page.goto(`${stage.home}/people/import`);
    const lines = [
      'Mail,Display Name,Office,Secret',
      `zoe@example.com,"${HOSTILE.replaceAll('"', '""')}",Berlin,s`,
      '"two',
      'lines@example.com",Two Lines,Berlin,s',
      'nobody,=cmd,Berlin,s',
      'few@example.com,Few',
      'ravi@example.com,Ravi,Pune,s',
    ];
    await page
      .getByLabel('People', { exact: true })
      .setInputFiles({ name: 'staff.csv', mimeType: 'text/csv', buffer: Buffer.from(lines.join('\n')) });
    assert.equal(await page.getByLabel('Column Mail is imported as').inputValue(), 'email');
    assert.equal(await page.getByLabel('Column Office is imported as').inputValue(), 'attributes.Office');
    await page.getByLabel('Column Secret is imported as').selectOption({ label: 'Leave it out' });
    assert.deepEqual(await findBarriers(page), []);
    await page.getByRole('button', { name: 'Import 5 people' }).click();
    await page.getByText('Everything was read.').waitFor();
    const rows = await page
      .getByRole('row')
      .filter({ hasText: /^[0-9]/ })
      .allInnerTexts();
    assert.deepEqual(
      rows.map((row) => row.split('\t')[0]),
      ['3', '5', '6'],
    );
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download as CSV' }).click(),
    ]);
    const report = await readFile(await download.path(), 'utf8');
    assert.match(report, /^"line","field","message"\n"3","Mail",/);
    const { people } = await stage.client.people.list({ botId: stage.botId });
    assert.deepEqual(people.map(({ email }) => email).sort(), ['ravi@example.com', 'zoe@example.com']);
    assert.ok(people.every(({ attributes }) => attributes !== undefined && !('Secret' in attributes)));
  });

  it('finds somebody by how their name begins, keeps what they decline, and erases them', async () => {
    await page.goto(`${stage.home}/people`);
    await page.getByRole('searchbox', { name: 'Search people' }).fill('<img');
    await page.getByRole('link', { name: HOSTILE }).click();
    await page.getByRole('heading', { level: 1, name: HOSTILE }).waitFor();
    await page.getByText('No phone number is known').first().waitFor();
    await page.getByRole('textbox', { name: 'Declines the category' }).fill('newsletter');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByText('newsletter, over any channel').waitFor();
    assert.deepEqual(await findBarriers(page), []);
    await page.getByRole('button', { name: 'Erase everywhere…' }).click();
    await page.getByRole('button', { name: 'Erase everywhere', exact: true }).click();
    await page.getByText('Proof: er-').waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('link', { name: 'Ravi' }).waitFor();
    assert.equal(await page.getByRole('link', { name: HOSTILE }).count(), 0);
    assert.equal(await page.evaluate('window.pwned'), undefined);
    assert.deepEqual(complaints(), []);
  });

  it('keeps a template in its languages and versions, and says what is wrong where it is', async () => {
    await page.goto(`${stage.home}/templates/~new`);
    await page.getByRole('textbox', { name: 'Name' }).fill('welcome');
    await page.getByRole('textbox', { name: 'Text' }).fill('Welcome, {name}! You sit in {place}.');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('which is not among the parameters').first().waitFor();
    await page.getByRole('button', { name: 'name', exact: true }).click();
    await page.getByRole('button', { name: 'place', exact: true }).click();
    await page.getByRole('textbox', { name: 'Default' }).last().fill('1.04');
    await page.getByRole('button', { name: 'Language', exact: true }).click();
    await page.getByRole('textbox', { name: 'Language tag' }).fill('DE');
    await page.getByRole('button', { name: 'Add it' }).click();
    await page.getByRole('textbox', { name: 'Text' }).fill('Willkommen, {name}! Platz {place}.');
    assert.deepEqual(await findBarriers(page), []);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('welcome is saved as version 1').waitFor();
    await page.getByRole('textbox', { name: 'Text' }).fill('Hello, {name}! You sit in {place}.');
    await page.getByRole('button', { name: 'Save as version 2' }).click();
    await page.getByText('Version 2, the newest.').waitFor();
    await page.getByRole('link', { name: 'Version 1' }).click();
    await page.getByText('What you save from here becomes the newest.').waitFor();
    const { variants, latest } = await stage.client.templates.get({ botId: stage.botId, name: 'welcome' });
    assert.deepEqual([Object.keys(variants), latest], [['en', 'de'], 2]);
    await page.getByRole('button', { name: 'Archive…' }).click();
    await page.getByRole('button', { name: 'Archive', exact: true }).click();
    await page.getByText('There is no template yet').waitFor();
    assert.deepEqual(complaints(), []);
  });
});
