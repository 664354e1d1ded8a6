import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { findBarriers, openBrowser, openPage } from '../support/browser.ts';
import { type ConsoleStage, openConsoleStage } from '../support/console-stage.ts';
import { freePort } from '../support/free-port.ts';
import { startProvider, type TestProvider } from '../support/identity-provider.ts';

/** The provider is on another site than the console, as browsers see it. */
describe('signing in to the console through a provider', () => {
  let browser: Browser;
  let provider: TestProvider;
  let stage: ConsoleStage;
  before(async () => {
    // First of all: where none starts there is nothing yet that would have to be closed.
    browser = await openBrowser();
    const port = await freePort();
    provider = await startProvider(`http://127.0.0.1:${port}/api/v1/session/oidc/staff/callback`);
    stage = await openConsoleStage({ signIn: { port, provider: provider.configuration } });
    // Somebody has to be there before anybody can be offered a choice.
    await stage.server.makeSignInLink({ name: 'Meera Nair', email: 'meera@example.com' });
  });
  after(async () => {
    await browser?.close();
    await stage?.close();
    await provider?.stop();
  });

  const goThrough = async (page: Page, name: string) => {
    await page.getByLabel('Name').fill(name);
    await page.getByRole('button', { name: 'Continue' }).click();
  };

  it('leads whoever is invited to the page they wanted, signed in', async () => {
    const { page, complaints } = await openPage(browser);
    const who = { name: 'Mira Rao', email: 'mira@example.com', role: 'viewer', bots: [stage.botId] } as const;
    await stage.client.admin.operators.invite(who);
    provider.people.set('mira', { email: who.email, email_verified: true });
    await page.goto(`${stage.home}/people?q=mi`);
    await page.getByRole('link', { name: 'Continue with Staff directory' }).waitFor();
    assert.deepEqual(await findBarriers(page), []);
    await page.getByRole('link', { name: 'Continue with Staff directory' }).click();
    await goThrough(page, 'mira');
    await page.getByRole('heading', { level: 1, name: 'People' }).waitFor();
    assert.equal(page.url(), `${stage.home}/people?q=mi`);
    await page.getByText('Mira Rao').waitFor();
    assert.deepEqual(complaints, []);
  });

  it('says why not, and what to do', async () => {
    const { page, complaints } = await openPage(browser);
    provider.people.set('eve', { email: 'eve@example.com', email_verified: true });
    await page.goto(stage.url);
    await page.getByRole('link', { name: 'Continue with Staff directory' }).click();
    await goThrough(page, 'eve');
    await page.getByRole('alert').getByText('Staff directory knows you, but nobody has invited you here.').waitFor();
    assert.deepEqual(await findBarriers(page), []);
    await page.getByLabel('Password').waitFor();
    assert.deepEqual(complaints, []);
  });

  it('says that nobody was signed in by an answer that is not to be believed, and where an administrator finds why', async () => {
    const { page, complaints } = await openPage(browser);
    provider.forge = async (token) => token.replace(/[^.]+$/, 'AAAA');
    await page.goto(stage.url);
    await page.getByRole('link', { name: 'Continue with Staff directory' }).click();
    await goThrough(page, 'mira');
    const alert = page.getByRole('alert');
    await alert.getByText('Staff directory did not answer as it should, so nobody was signed in.').waitFor();
    await alert.getByText('an administrator finds more in the log').waitFor();
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    assert.deepEqual(complaints, []);
    provider.forge = null;
  });

  it('can be chosen by whoever has an account, and is shown beside it and taken away by an admin', async () => {
    const { page, complaints } = await openPage(browser);
    provider.people.set('meera', {});
    await stage.signIn(page);
    await page.goto(`${stage.home}/operators`);
    await page.getByRole('button', { name: 'Sign in with Staff directory too' }).click();
    await goThrough(page, 'meera');
    await page.getByText('Staff directory knows you now').waitFor();
    const row = page.getByRole('row', { name: /Meera Nair/ });
    await row.getByText('Staff directory').waitFor();
    assert.equal(page.url(), `${stage.home}/operators`);
    assert.deepEqual(await findBarriers(page), []);
    await page.getByRole('button', { name: 'Change Meera Nair' }).click();
    await page.getByRole('menuitem', { name: 'Forget Staff directory…' }).click();
    await page.getByRole('button', { name: 'Forget it' }).click();
    await row.getByText('nothing yet').waitFor();
    assert.deepEqual(complaints, []);
  });
});
