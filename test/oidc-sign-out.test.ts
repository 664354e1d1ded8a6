import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isJsonObject } from '../src/model/json.ts';
import { CookieBrowser, locationOf } from './support/cookie-browser.ts';
import { HERE, type OidcStage, openOidcStage, refusalOf } from './support/oidc-stage.ts';
import { signInAs } from './support/operators.ts';

describe('signing out where one came through a provider', () => {
  let stage: OidcStage;
  before(async () => {
    stage = await openOidcStage({ signOutThere: true });
    await stage.invite('ann');
  });
  after(() => stage.close());

  const signOut = (browser: CookieBrowser, { rig } = stage) =>
    browser.visit(`${rig.url}/api/v1/session`, { method: 'DELETE', headers: HERE });

  it('ends the session here, then the one there, and leads back', async () => {
    const { rig } = stage;
    const browser = new CookieBrowser();
    await stage.signIn('ann', browser);
    const reply = await signOut(browser);
    assert.equal(reply.status, 200);
    assert.equal(await stage.whoIs(browser), null, 'whatever becomes of the rest');
    const location = new URL(await readLocation(reply));
    assert.equal(location.origin, stage.provider.issuer);
    assert.deepEqual(Object.fromEntries(location.searchParams), {
      client_id: 'beckon',
      post_logout_redirect_uri: `${rig.url}/sign-in`,
    });
    assert.equal(await confirm(browser, location.href), `${rig.url}/sign-in`);
    assert.equal(await isAskedAgain(browser), true);
  });

  it('ends the session here alone where nothing else was asked for', async (t) => {
    const plain = await openOidcStage();
    t.after(() => plain.close());
    await plain.invite('bo');
    const browser = new CookieBrowser();
    await plain.signIn('bo', browser);
    assert.equal((await signOut(browser, plain)).status, 204);
    assert.equal(await plain.whoIs(browser), null);
    assert.equal(await isAskedAgain(browser, plain), false);
  });

  it('leads nobody to the provider who came with a password, or was not signed in', async () => {
    const headers = { ...HERE, ...(await signInAs(stage.rig, {})) };
    const url = `${stage.rig.url}/api/v1/session`;
    assert.equal((await fetch(url, { method: 'DELETE', headers })).status, 204);
    assert.equal((await fetch(url, { method: 'DELETE', headers })).status, 204);
  });

  it('ends the session here though the provider cannot be asked where to go', async () => {
    const { provider, rig } = stage;
    const browser = new CookieBrowser();
    // What it says of itself is good for an hour.
    await stage.signIn('ann');
    rig.clock.advance(59 * 60_000);
    await stage.signIn('ann', browser);
    await provider.stop();
    rig.clock.advance(60_000);
    assert.equal((await signOut(browser)).status, 204);
    assert.ok(rig.lines.some(({ event }) => event === 'sign-out not passed on'));
    assert.equal(await stage.whoIs(browser), null);
    await provider.start();
  });

  /** As its page asks whoever comes without a token. Answers where it leads to. */
  async function confirm(browser: CookieBrowser, url: string): Promise<string> {
    const form = await (await browser.visit(url)).text();
    const [, action = ''] = /action="([^"]+)"/.exec(form) ?? [];
    const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(form) ?? [];
    const body = new URLSearchParams({ xsrf, logout: 'yes' });
    return locationOf(await browser.visit(new URL(action, url).href, { method: 'POST', body }), url);
  }

  /** Whoever is still known there comes back without a word. */
  async function isAskedAgain(browser: CookieBrowser, { goThere } = stage): Promise<boolean> {
    return refusalOf(await browser.visit(await goThere(browser, null))) === 'cancelled';
  }
});

async function readLocation(reply: Response): Promise<string> {
  const answer: unknown = await reply.json();
  assert.ok(isJsonObject(answer) && typeof answer['location'] === 'string', JSON.stringify(answer));
  return answer['location'];
}
