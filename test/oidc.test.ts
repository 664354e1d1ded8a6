import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CookieBrowser } from './support/cookie-browser.ts';
import { freePort } from './support/free-port.ts';
import { BOT, type Rig, startRig } from './support/http-rig.ts';
import { OTHER_CLIENT_ID } from './support/identity-provider.ts';
import { entry, HERE, type OidcStage, openOidcStage, refusalOf } from './support/oidc-stage.ts';
import { addOperator, signInAs } from './support/operators.ts';

const SESSION = 'beckon-session';
const ROUND_TRIP = 'beckon-oidc';

/** Over real HTTP, with a real provider. */
describe('signing in through a provider', () => {
  let stage: OidcStage;
  before(async () => {
    stage = await openOidcStage();
    await addOperator(stage.rig, { role: 'admin' });
  });
  after(() => stage.close());

  it('is offered beside the password', async () => {
    const options = await (await fetch(`${stage.rig.url}/api/v1/session/options`)).json();
    const href = '/api/v1/session/oidc/staff';
    assert.deepEqual(options, { needsSetup: false, oidc: [{ id: 'staff', name: 'Staff directory', href }] });
  });

  it('lets the invited in, on the page they wanted, with a new session, and knows them by who they are', async () => {
    const { rig } = stage;
    const operator = await stage.invite('ann');
    const browser = new CookieBrowser();
    browser.jar(rig.url).set(SESSION, 'planted-0123456789');
    let asked = new URLSearchParams();
    const meddle = (url: string) => {
      asked = new URL(url).searchParams;
      return url;
    };
    const returnTo = `/bots/${BOT}/people?tag=x`;
    const reply = await browser.visit(await stage.goThere(browser, 'ann', { returnTo, meddle }));
    assert.deepEqual([reply.status, reply.headers.get('location')], [303, returnTo]);
    assert.equal(reply.headers.get('cache-control'), 'no-store');
    assert.equal(asked.get('code_challenge_method'), 'S256');
    assert.equal(asked.get('redirect_uri'), `${rig.url}/api/v1/session/oidc/staff/callback`);
    assert.equal((await stage.whoIs(browser))?.['id'], operator.id);
    assert.match(browser.jar(rig.url).get(SESSION) ?? '', /^[\w-]{43}$/);
    assert.equal(browser.jar(rig.url).has(ROUND_TRIP), false);
    const { seq } = await rig.store.findAuditHead({ botId: null });
    const kept = await rig.store.listAudit({ botId: null, newestFirst: false, from: seq - 1, limit: 2 });
    const expected = ['finishOidcSignIn', operator.id];
    assert.deepEqual(
      kept.map(({ action, subject }) => [action, subject]),
      [expected, expected],
      'the link to the identity, and the sign-in',
    );
    // Whatever becomes of the address, they are known now.
    stage.provider.people.set('ann', { email: 'ann.married@abc.com', email_verified: false });
    assert.equal((await stage.signIn('ann')).id, operator.id);
    const told = JSON.stringify(rig.lines);
    for (const secret of [operator.email, asked.get('state') ?? 'none']) assert.ok(!told.includes(secret));
  });

  it('sets a cookie that lives for ten minutes, is for this host alone, and no script can read', async () => {
    const begin = await new CookieBrowser().visit(stage.start, { headers: HERE });
    const [cookie = ''] = begin.headers.getSetCookie();
    assert.match(cookie, /^beckon-oidc=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/);
    const behindTls = await startRig({
      publicUrl: 'https://beckon.example.com/',
      oidc: [stage.provider.configuration],
    });
    const secure = await new CookieBrowser().visit(`${behindTls.url}/api/v1/session/oidc/staff`, { headers: HERE });
    assert.match(secure.headers.getSetCookie()[0] ?? '', /^__Host-beckon-oidc=.*; SameSite=Lax; Secure$/);
    await behindTls.close();
  });

  it('refuses whom nobody invited', async () => {
    stage.provider.people.set('eve', { email: 'eve@abc.com', email_verified: true });
    assert.deepEqual(await stage.signIn('eve'), { id: null, refused: 'unknown' });
    stage.provider.people.set('eve', {});
    assert.deepEqual(await stage.signIn('eve'), { id: null, refused: 'email_unverified' });
  });

  it('believes no e-mail that the provider has not verified, nor one of which it says so in another way', async () => {
    const { email } = await stage.invite('bo');
    for (const verified of [false, 'true', 1]) {
      stage.provider.people.set('bo', { email, email_verified: verified });
      assert.deepEqual(await stage.signIn('bo'), { id: null, refused: 'email_unverified' });
    }
  });

  it('gives an account to nobody who has its e-mail later', async () => {
    const { id, email } = await stage.invite('cy');
    assert.equal((await stage.signIn('cy')).id, id);
    stage.provider.people.set('cy-2', { email, email_verified: true });
    assert.deepEqual(await stage.signIn('cy-2'), { id: null, refused: 'email_taken' });
    assert.equal((await stage.signIn('cy')).id, id);
  });

  it('refuses a disabled operator, known already or not', async () => {
    const operator = await stage.invite('di');
    await stage.change(operator, { disabledAt: stage.rig.clock.now() });
    assert.deepEqual(await stage.signIn('di'), { id: null, refused: 'disabled' });
    await stage.change(operator, { disabledAt: null });
    assert.equal((await stage.signIn('di')).id, operator.id);
    await stage.change(operator, { disabledAt: stage.rig.clock.now() });
    assert.deepEqual(await stage.signIn('di'), { id: null, refused: 'disabled' });
  });

  it('takes an answer once, in time, and from the browser that asked', async () => {
    const { rig, start } = stage;
    await stage.invite('ed');
    const browser = new CookieBrowser();
    const callback = await stage.goThere(browser, 'ed');
    const held = browser.jar(rig.url).get(ROUND_TRIP) ?? '';
    const victim = new CookieBrowser();
    assert.equal(refusalOf(await victim.visit(callback)), 'expired');
    await victim.visit(start, { headers: HERE });
    assert.equal(refusalOf(await victim.visit(callback)), 'expired');
    assert.equal(await stage.whoIs(victim), null);
    assert.equal(refusalOf(await browser.visit(callback.replace(/state=[^&]+/, 'state=another'))), 'expired');
    assert.equal(refusalOf(await browser.visit(`${start}/callback`)), 'expired');
    assert.equal(refusalOf(await browser.visit(callback)), null, 'nothing of this kept them from arriving');
    browser.jar(rig.url).set(ROUND_TRIP, held);
    assert.equal(refusalOf(await browser.visit(callback)), 'expired');
    const tooLate = await stage.goThere(browser, 'ed');
    rig.clock.advance(10 * 60_000);
    assert.equal(refusalOf(await browser.visit(tooLate)), 'expired');
  });

  it('believes no token with another nonce, for another client, or of another request', async () => {
    await stage.invite('flo');
    const changes: Readonly<Record<string, readonly [RegExp, string]>> = {
      nonce: [/nonce=[^&]+/, 'nonce=another'],
      client: [/client_id=[^&]+/, `client_id=${OTHER_CLIENT_ID}`],
      challenge: [/code_challenge=[^&]+/, 'code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'],
    };
    for (const [what, [from, to]] of Object.entries(changes)) {
      const browser = new CookieBrowser();
      const callback = await stage.goThere(browser, 'flo', { meddle: (url) => url.replace(from, to) });
      assert.equal(refusalOf(await browser.visit(callback)), 'failed', what);
      assert.equal(await stage.whoIs(browser), null, what);
    }
    const [one, other] = [new CookieBrowser(), new CookieBrowser()];
    const [stolen, own] = [await stage.goThere(one, 'flo'), await stage.goThere(other, 'flo')];
    const code = new URL(stolen).searchParams.get('code') ?? '';
    assert.equal(refusalOf(await other.visit(own.replace(/code=[^&]+/, `code=${code}`))), 'failed');
  });

  it('begins on our own pages only, and ends on them', async () => {
    const elsewhere = await new CookieBrowser().visit(stage.start, { headers: { 'sec-fetch-site': 'cross-site' } });
    assert.equal(elsewhere.status, 403);
    await stage.invite('gus');
    for (const returnTo of ['//evil.example', '/..//evil.example', 'https://evil.example/', '/\\evil.example']) {
      const browser = new CookieBrowser();
      const reply = await browser.visit(await stage.goThere(browser, 'gus', { returnTo }));
      assert.equal(reply.headers.get('location'), '/');
    }
    const nowhere = await new CookieBrowser().visit(stage.start.replace('staff', 'none'), { headers: HERE });
    assert.equal(refusalOf(nowhere), 'failed');
  });

  it('says when somebody would rather not', async () => {
    const browser = new CookieBrowser();
    assert.equal(refusalOf(await browser.visit(await stage.goThere(browser, null))), 'cancelled');
  });

  it('says when the provider is not there, before and after; who has a password comes in meanwhile', async (t) => {
    const { provider, rig } = stage;
    const operator = await stage.invite('hal');
    const fresh = await startBeside();
    t.after(() => fresh.close());
    const browser = new CookieBrowser();
    const callback = await stage.goThere(browser, 'hal');
    await provider.stop();
    assert.equal(refusalOf(await browser.visit(callback)), 'unavailable');
    const begin = () => browser.visit(`${fresh.url}/api/v1/session/oidc/staff`, { headers: HERE });
    assert.equal(refusalOf(await begin()), 'unavailable');
    await signInAs(rig, {});
    await provider.start();
    assert.equal(refusalOf(await begin()), null);
    assert.equal((await stage.signIn('hal')).id, operator.id);
  });

  it('makes whoever begins without end wait', async (t) => {
    const fresh = await startBeside();
    t.after(() => fresh.close());
    const begin = async () =>
      refusalOf(await new CookieBrowser().visit(`${fresh.url}/api/v1/session/oidc/staff`, { headers: HERE }));
    for (let times = 0; times < 100; times += 1) assert.equal(await begin(), null);
    assert.equal(await begin(), 'too_many');
  });

  it('is linked to an account by whoever is signed in to it, and to no second one', async () => {
    const { rig, provider } = stage;
    const [ivy = '', joe = ''] = [(await signInAs(rig, {}))['cookie'], (await signInAs(rig, {}))['cookie']];
    provider.people.set('ivy', { email: 'somebody.else@abc.com' });
    const link = async (cookie: string) => {
      const browser = new CookieBrowser();
      const returnTo = `/bots/${BOT}/overview`;
      return browser.visit(await stage.goThere(browser, 'ivy', { returnTo, linkFor: cookie }));
    };
    assert.equal((await link(ivy)).headers.get('location'), `/bots/${BOT}/overview?linked=staff`);
    assert.equal((await stage.signIn('ivy')).id, (await stage.ownerOf(ivy)).id);
    assert.equal(refusalOf(await link(joe)), 'identity_taken');
    assert.equal(refusalOf(await link(ivy)), null);
    await assert.rejects(link('beckon-session=nobody'), /unauthenticated/);

    provider.people.set('kim', {});
    const browser = new CookieBrowser();
    const callback = await stage.goThere(browser, 'kim', { linkFor: joe });
    await rig.store.endSessionsOf({ operatorId: (await stage.ownerOf(joe)).id, audit: entry() });
    assert.equal(refusalOf(await browser.visit(callback)), 'expired');
    assert.deepEqual(await stage.signIn('kim'), { id: null, refused: 'email_unverified' });
  });

  /** Which knows nothing of the provider yet. */
  async function startBeside(): Promise<Rig> {
    return startRig({ publicUrl: `http://127.0.0.1:${await freePort()}/`, oidc: [stage.provider.configuration] });
  }
});
