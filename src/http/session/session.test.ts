import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { BOT, call, type Reply, type Rig, startRig, tokenFor } from '../../../test/support/http-rig.ts';
import { addOperator, cookieOf, fromConsole, signInAs } from '../../../test/support/operators.ts';
import { isJsonObject } from '../../model/json.ts';
import { newLink } from './links.ts';

const PASSWORD = 'seven wet umbrellas';
const HOUR = 3_600_000;

/** Over real HTTP, as a browser does it. */
describe('sessions', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  const ask = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
    fromConsole(rig, method, path, body, headers);
  const signIn = (email: string, password = PASSWORD, headers = {}) =>
    ask('POST', '/session', { email, password }, headers);

  async function linkTo(kind: 'set_up' | 'invitation' | 'sign_in', about = ''): Promise<string> {
    const { link, url } = newLink(kind, about, { clock: rig.clock, base: rig.url });
    await rig.store.addLink({ link });
    return new URL(url).hash.slice(1);
  }

  /** With a password, as an invitation makes it. */
  async function makeOperator(who: Parameters<typeof addOperator>[1] = {}) {
    const operator = await addOperator(rig, { bots: [BOT], ...who });
    const token = await linkTo('invitation', operator.id);
    const reply = await ask('POST', '/session/setup', { token, password: PASSWORD });
    assert.equal(reply.status, 200, reply.text);
    return { operator, cookie: cookieOf(reply) };
  }

  it('begin with a link for the first admin, which works once and only while there is none', async () => {
    assert.deepEqual((await ask('GET', '/session/options')).json, { needsSetup: true, oidc: [] });
    const [token, other] = [await linkTo('set_up'), await linkTo('set_up')];
    const form = { token, name: 'Ann', email: ' Ann@ABC.com', password: PASSWORD };
    assertProblem(await ask('POST', '/session/setup', { ...form, password: 'short' }), 422, 'password_weak');
    assertProblem(await ask('POST', '/session/setup', { ...form, name: undefined }), 400, 'body_invalid');
    const made = await ask('POST', '/session/setup', form);
    assert.equal(made.status, 200, made.text);
    assert.ok(isJsonObject(made.json) && isJsonObject(made.json['operator']));
    const { role, email, bots } = made.json['operator'];
    assert.deepEqual([role, email, Array.isArray(bots) && bots.length], ['admin', 'ann@abc.com', 2]);
    assert.deepEqual((await ask('GET', '/session', undefined, { cookie: cookieOf(made) })).json, made.json);
    assertProblem(await ask('POST', '/session/setup', form), 410, 'link_refused');
    assertProblem(await ask('POST', '/session/setup', { ...form, token: other }), 410, 'link_refused');
    assert.deepEqual((await ask('GET', '/session/options')).json, { needsSetup: false, oidc: [] });
    assert.equal((await signIn('ANN@abc.com')).status, 200);
  });

  it('are a cookie that scripts cannot read and no other site sends, by HTTPS bound to this host', async () => {
    const { operator } = await makeOperator();
    const [plain = ''] = (await signIn(operator.email)).headers.getSetCookie();
    assert.match(plain, /^beckon-session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/);
    const secure = await signIn(operator.email, PASSWORD, {
      origin: 'https://console',
      'sec-fetch-site': 'same-origin',
    });
    const [cookie = ''] = secure.headers.getSetCookie();
    assert.match(
      cookie,
      /^__Host-beckon-session=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
    );
    assert.equal(secure.headers.get('cache-control'), 'no-store');
    assert.equal((await ask('GET', '/session', undefined, { cookie: cookieOf(secure) })).status, 200);
    const behindTls = await startRig({ publicUrl: 'https://beckon.example.com/' });
    const own = await signInAs(behindTls, {});
    assert.match(own['cookie'] ?? '', /^__Host-/);
    const planted = (own['cookie'] ?? '').replace('__Host-', '');
    assertProblem(
      await fromConsole(behindTls, 'GET', '/session', undefined, { cookie: planted }),
      401,
      'unauthenticated',
    );
    await behindTls.close();
  });

  it('get a new name at each sign-in, so that one which somebody planted is worth nothing', async () => {
    const { operator, cookie: before } = await makeOperator();
    const planted = 'beckon-session=0123456789012345678901234567890123456789012';
    for (const held of [planted, before]) {
      const reply = await signIn(operator.email, PASSWORD, { cookie: held });
      assert.notEqual(cookieOf(reply), held);
      assertProblem(await ask('GET', '/session', undefined, { cookie: held }), 401, 'unauthenticated');
    }
  });

  it('are over for every copy of the cookie when somebody signs out', async () => {
    const { cookie } = await makeOperator();
    const stolen = { cookie };
    assert.equal((await ask('GET', `/bots/${BOT}/notifications`, undefined, stolen)).status, 200);
    const out = await ask('DELETE', '/session', undefined, { cookie });
    assert.equal(out.status, 204);
    assert.deepEqual(
      out.headers.getSetCookie().map((each) => each.split(';')[0]),
      ['__Host-beckon-session=', 'beckon-session='],
    );
    assertProblem(await ask('GET', `/bots/${BOT}/notifications`, undefined, stolen), 401, 'unauthenticated');
    assert.equal((await ask('DELETE', '/session', undefined, { cookie })).status, 204);
  });

  it('end after an hour of silence, and after twelve whatever happens', async () => {
    const { operator, cookie } = await makeOperator();
    const look = async () => (await ask('GET', '/session', undefined, { cookie })).status;
    for (let hours = 0.75; hours < 12; hours += 0.75) {
      rig.clock.advance(0.75 * HOUR);
      assert.equal(await look(), 200, `after ${hours} h`);
    }
    rig.clock.advance(0.75 * HOUR);
    assert.equal(await look(), 401);
    const idle = cookieOf(await signIn(operator.email));
    rig.clock.advance(HOUR);
    assertProblem(await ask('GET', '/session', undefined, { cookie: idle }), 401, 'unauthenticated');
  });

  it('end when the operator is disabled or taken away, and follow the role and the bots at once', async () => {
    const { operator, cookie } = await makeOperator({ role: 'sender' });
    const { operatorId, audit } = { operatorId: operator.id, audit: entry() };
    const list = () => ask('GET', `/bots/${BOT}/notifications`, undefined, { cookie });
    const change = (changes: object) => rig.store.changeOperator({ operatorId, changes, audit });
    assert.equal((await list()).status, 200);
    await change({ bots: [] });
    assertProblem(await list(), 404, 'bot_not_found');
    await change({ bots: [BOT], role: 'viewer' });
    const body = { channel: 'msteams', message: { type: 'text', val: 'x' }, recipients: ['a@abc.com'] };
    assertProblem(await ask('POST', `/bots/${BOT}/notifications`, body, { cookie }), 403, 'role_missing');
    await change({ disabledAt: rig.clock.now() });
    assertProblem(await list(), 401, 'unauthenticated');
    assertProblem(await signIn(operator.email), 401, 'sign_in_refused');
    await change({ disabledAt: null });
    assertProblem(await list(), 401, 'unauthenticated');
    const again = cookieOf(await signIn(operator.email));
    await rig.store.removeOperator({ operatorId, audit });
    assertProblem(await ask('GET', '/session', undefined, { cookie: again }), 401, 'unauthenticated');
  });

  it('say of a wrong password what they say of an unknown account, and work as hard on both', async () => {
    const { operator } = await makeOperator();
    const { operator: unset } = { operator: await addOperator(rig) };
    const wrong = await signIn(operator.email, 'another password');
    assertProblem(wrong, 401, 'sign_in_refused');
    for (const email of ['nobody@abc.com', unset.email]) {
      const reply = await signIn(email, 'another password');
      assert.deepEqual([reply.status, reply.text], [wrong.status, wrong.text]);
    }
    const cpuOf = async (email: string): Promise<number> => {
      const from = process.cpuUsage();
      for (let i = 0; i < 2; i += 1) await signIn(email, 'another password');
      const { user, system } = process.cpuUsage(from);
      return user + system;
    };
    const [known, unknown] = [await cpuOf(operator.email), await cpuOf('somebody@abc.com')];
    assert.ok(unknown > known / 2 && known > unknown / 2, `${known} and ${unknown} µs`);
  });

  it('make whoever guesses wait, also when all guesses come at once, and not the owner elsewhere', async () => {
    const { operator } = await makeOperator();
    const guesses = await Promise.all(
      Array.from({ length: 14 }, (_, i) => signIn(operator.email, `a guess, no. ${i}`)),
    );
    const limited = guesses.filter(({ status }) => status === 429);
    assert.equal(limited.length, 4);
    const [first] = limited;
    assert.ok(first !== undefined);
    assertProblem(first, 429, 'sign_ins_limited');
    assert.equal(first.headers.get('retry-after'), '900');
    assertProblem(await signIn(operator.email), 429, 'sign_ins_limited');
    rig.clock.advance(15 * 60_000);
    assert.equal((await signIn(operator.email)).status, 200);
    for (let i = 0; i < 12; i += 1) assert.equal((await signIn(operator.email)).status, 200, 'good ones do not count');
  });

  it('take nothing from other sites, whatever the browser tells of where it comes from', async () => {
    const { operator, cookie } = await makeOperator({ role: 'sender' });
    const url = `/api/v1/bots/${BOT}/people/u-00000000-0000-5000-8000-00000000beef`;
    const remove = (headers: Record<string, string>) =>
      call(rig, url, { method: 'DELETE', headers: { cookie, ...headers } });
    for (const headers of [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `${rig.url}.evil.example` },
      { origin: rig.url, 'sec-fetch-site': 'cross-site' },
      { origin: rig.url, 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
    ] as Record<string, string>[])
      assertProblem(await remove(headers), 403, 'cross_origin');
    assertProblem(await remove({ origin: rig.url }), 404, 'not_found');
    const login = (headers: Record<string, string>) =>
      call(rig, '/api/v1/session', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ email: operator.email, password: PASSWORD }),
      });
    assertProblem(await login({ origin: 'https://evil.example' }), 403, 'cross_origin');
    assertProblem(await login({}), 403, 'cross_origin');
    const form = { origin: rig.url, 'content-type': 'text/plain' };
    assertProblem(await login(form), 415, 'media_type');
  });

  it('count for nothing on the routes of Kore.ai, nor beside a token', async () => {
    const { cookie } = await makeOperator({ role: 'sender' });
    const kore = await ask('GET', '/session', undefined, { cookie });
    assert.equal(kore.status, 200);
    const headers = { cookie, origin: rig.url };
    const status = await call(rig, `/api/public/bot/${BOT}/notify/status/ds-1`, { headers });
    assert.equal(status.status, 401);
    assertProblem(await ask('GET', '/bots', undefined, { cookie, auth: 'not.a.token' }), 401, 'unauthenticated');
    const ofApp = await ask('GET', '/bots', undefined, { cookie, auth: await tokenFor('cs-both') });
    assert.ok(isJsonObject(ofApp.json) && Array.isArray(ofApp.json['bots']));
    assert.equal(ofApp.json['bots'].length, 2);
  });

  it('leave an entry with who came, and nothing of what they typed', async () => {
    const { operator } = await makeOperator();
    const head = await rig.store.findAuditHead({ botId: null });
    const cookie = cookieOf(await signIn(operator.email));
    await ask('DELETE', '/session', undefined, { cookie });
    const entries = await rig.store.listAudit({ botId: null, newestFirst: false, from: head.seq + 1, limit: 10 });
    assert.deepEqual(
      entries.map(({ action, subject }) => [action, subject]),
      [
        ['signIn', operator.id],
        ['signOut', operator.id],
      ],
    );
    const told = JSON.stringify([entries, rig.lines]);
    for (const secret of [PASSWORD, operator.email, cookie.split('=')[1] ?? '']) assert.ok(!told.includes(secret));
  });
});

function assertProblem(reply: Reply, status: number, code: string): void {
  assert.ok(isJsonObject(reply.json), reply.text);
  assert.deepEqual([reply.status, reply.json['code']], [status, code], reply.text);
}

const entry = () => ({
  botId: null,
  at: 1,
  appId: 'op-1',
  subject: 'op-1',
  action: 'changeOperator',
  target: null,
  before: null,
  after: null,
  ip: null,
});
