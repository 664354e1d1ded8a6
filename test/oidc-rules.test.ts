import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { JsonObject } from '../src/model/json.ts';
import { CookieBrowser } from './support/cookie-browser.ts';
import { BOT, OTHER_BOT } from './support/http-rig.ts';
import { type OidcStage, openOidcStage, refusalOf } from './support/oidc-stage.ts';
import { addOperator, signInAs } from './support/operators.ts';

const RULES = [
  { claim: 'groups', value: 'beckon-admins', role: 'admin', bots: [] },
  { claim: 'groups', value: 'hr', role: 'sender', bots: [BOT] },
  { claim: 'groups', value: 'everybody', role: 'viewer', bots: [BOT, OTHER_BOT] },
] as const;

describe('rules that say who comes as what', () => {
  let stage: OidcStage;
  before(async () => {
    stage = await openOidcStage({ rules: RULES });
  });
  after(() => stage.close());

  const belongs = (login: string, groups: string[], more: JsonObject = {}) =>
    stage.provider.people.set(login, { email: `${login}@abc.com`, name: login.toUpperCase(), groups, ...more });
  const roleOf = async (browser: CookieBrowser) => (await stage.whoIs(browser))?.['role'] ?? null;

  it('leave the first account to an admin', async () => {
    belongs('early', ['everybody']);
    assert.deepEqual(await stage.signIn('early'), { id: null, refused: 'set_up_first' });
    belongs('boss', ['beckon-admins']);
    assert.equal((await stage.signIn('boss')).refused, null);
    assert.equal((await stage.signIn('early')).refused, null);
  });

  it('make an account for whoever fits one, without an invitation, and for nobody else', async () => {
    belongs('ann', ['sports', 'everybody', 'hr']);
    const browser = new CookieBrowser();
    assert.equal((await stage.signIn('ann', browser)).refused, null);
    const { name, email, role, bots } = (await stage.whoIs(browser)) ?? {};
    assert.deepEqual([name, email, role], ['ANN', 'ann@abc.com', 'sender']);
    assert.deepEqual(Array.isArray(bots) && bots.length, 1);
    for (const groups of [[], ['sports'], ['hr '], 'beckon-admins-not', { hr: true }, null]) {
      stage.provider.people.set('eve', { email: 'eve@abc.com', email_verified: true, groups });
      assert.deepEqual(await stage.signIn('eve'), { id: null, refused: 'no_role' });
    }
    assert.equal(await stage.rig.store.findAccount({ email: 'eve@abc.com' }), null);
  });

  it('decide anew at each sign-in, also about who is signed in elsewhere', async () => {
    belongs('bo', ['everybody']);
    const [office, home] = [new CookieBrowser(), new CookieBrowser()];
    const { id } = await stage.signIn('bo', office);
    assert.equal(await roleOf(office), 'viewer');
    belongs('bo', ['hr']);
    assert.equal((await stage.signIn('bo', home)).id, id);
    assert.deepEqual([await roleOf(home), await roleOf(office)], ['sender', 'sender']);
    belongs('bo', ['beckon-admins']);
    await stage.signIn('bo', home);
    assert.equal(await roleOf(office), 'admin');
    belongs('bo', ['everybody']);
    await stage.signIn('bo', home);
    assert.deepEqual([await roleOf(home), await roleOf(office)], ['viewer', 'viewer']);
  });

  it('take the role away from whoever fits none any more, and end their sessions', async () => {
    belongs('cy', ['hr']);
    const office = new CookieBrowser();
    const { id } = await stage.signIn('cy', office);
    belongs('cy', ['sports']);
    assert.deepEqual(await stage.signIn('cy'), { id: null, refused: 'no_role' });
    assert.equal(await stage.whoIs(office), null);
    const operator = await stage.rig.store.findOperator({ operatorId: id ?? '' });
    assert.deepEqual([operator?.role, operator?.bots], ['viewer', []]);
    belongs('cy', ['hr']);
    assert.equal((await stage.signIn('cy')).id, id);
  });

  it('do not leave Beckon without an admin', async () => {
    belongs('boss', ['hr']);
    assert.deepEqual(await stage.signIn('boss'), { id: null, refused: 'last_admin' });
    await addOperator(stage.rig, { role: 'admin' });
    assert.equal((await stage.signIn('boss')).refused, null);
  });

  it('hand nobody the account of another by an e-mail that is not verified', async () => {
    const { id, email } = await stage.invite('di', { role: 'admin' });
    stage.provider.people.set('mallory', { email, groups: ['everybody'] });
    assert.deepEqual(await stage.signIn('mallory'), { id: null, refused: 'email_unverified' });
    belongs('di', ['hr'], { email, email_verified: true });
    const browser = new CookieBrowser();
    assert.equal((await stage.signIn('di', browser)).id, id);
    assert.equal(await roleOf(browser), 'sender', 'a rule wins over the invitation');
    stage.provider.people.set('mallory', { email, email_verified: true, groups: ['everybody'] });
    assert.deepEqual(await stage.signIn('mallory'), { id: null, refused: 'email_taken' });
  });

  it('keep out whoever is disabled, whatever they fit, and link nobody who fits none', async () => {
    belongs('ed', ['hr']);
    const { id = '' } = await stage.signIn('ed');
    const operator = await stage.rig.store.findOperator({ operatorId: id ?? '' });
    assert.ok(operator);
    await stage.change(operator, { disabledAt: 1 });
    belongs('ed', ['beckon-admins']);
    assert.deepEqual(await stage.signIn('ed'), { id: null, refused: 'disabled' });
    assert.equal((await stage.rig.store.findOperator({ operatorId: operator.id }))?.role, 'sender');
    belongs('flo', ['sports']);
    const browser = new CookieBrowser();
    const linkFor = (await signInAs(stage.rig, {}))['cookie'] ?? '';
    assert.equal(refusalOf(await browser.visit(await stage.goThere(browser, 'flo', { linkFor }))), 'no_role');
  });
});
