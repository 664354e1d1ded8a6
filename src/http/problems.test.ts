import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { APPS, BOT, OTHER_BOT, type Rig, START, startRig, tokenFor, UNKNOWN_BOT } from '../../test/support/http-rig.ts';
import { createTenancy } from '../config/tenancy.ts';
import { silentMeter } from '../model/meter.ts';
import { SCOPE_DIRECTORY } from '../model/tenancy.ts';
import { callerOf, createGate } from './auth/gate.ts';
import { Fault } from './faults.ts';
import { RefusalTally } from './refusal-tally.ts';
import { DEFAULT_LIMITS, openServer } from './server.ts';

/** A native route of the simplest kind, behind the real gate: what the others are built from. */
describe('native routes', () => {
  let rig: Rig;
  let app: FastifyInstance;
  let url: string;
  before(async () => {
    rig = await startRig();
    const quiet = () => {};
    const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
    const tally = new RefusalTally({ clock: rig.clock, logger, meter: silentMeter });
    app = openServer(DEFAULT_LIMITS, { logger, clock: rig.clock, tally, meter: silentMeter });
    const tenancy = createTenancy({
      bots: [
        { id: BOT, name: 'A' },
        { id: OTHER_BOT, name: 'B' },
      ],
      apps: APPS,
      connections: [],
      callLimits: { perMinute: 0, perHour: 0 },
    });
    const sessions = { find: async () => null };
    const gate = createGate({
      store: rig.store,
      clock: rig.clock,
      platformKey: rig.platformKey,
      tenancy,
      sessions,
      maxRefusedTokens: 0,
    });
    const admit = gate.requireScope(SCOPE_DIRECTORY);
    app.get('/api/v1/bots/:botId/whoami', { onRequest: admit }, async (request) => {
      const { app: caller, bot, subject } = callerOf(request);
      return { app: caller.clientId, bot: bot.id, subject };
    });
    app.post('/api/v1/bots/:botId/whoami', { onRequest: admit }, async () => {
      throw new Fault('body_invalid', 'name: must be a string');
    });
    app.get('/api/v1/ungated', async (request) => callerOf(request));
    url = await app.listen({ host: '127.0.0.1', port: 0 });
  });
  after(async () => {
    app.server.closeAllConnections();
    await Promise.all([app.close(), rig.close()]);
  });

  const ask = async (bot: string, headers: Record<string, string>, init: RequestInit = {}) => {
    const response = await fetch(`${url}/api/v1/bots/${bot}/whoami`, { headers, ...init });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };

  it('know their caller', async () => {
    const reply = await ask(BOT, { authorization: `Bearer ${await tokenFor('cs-builder', { sub: 'ann' })}` });
    assert.equal(reply.text, `{"app":"cs-builder","bot":"${BOT}","subject":"ann"}`);
    const admin = await ask(OTHER_BOT, { auth: await tokenFor('cs-admin') });
    assert.equal(admin.text, `{"app":"cs-admin","bot":"${OTHER_BOT}","subject":"tester"}`);
  });

  it('answer every fault of a token with the same bytes', async () => {
    const now = Math.floor(START / 1000);
    const tokens = ['', 'x', 'a.b.c', await tokenFor('cs-nobody'), await tokenFor('cs-builder', { exp: now - 60 })];
    tokens.push(
      await tokenFor('cs-jti'),
      await tokenFor('cs-jti', { jti: 'a', exp: now + 7200 }),
      await tokenFor('cs-jwe'),
    );
    const replies = await Promise.all(tokens.map((auth) => ask(BOT, { auth })));
    assert.deepEqual(new Set(replies.map((reply) => `${reply.status} ${reply.text}`)).size, 1);
    assert.equal(replies[0]?.status, 401);
    assert.equal(replies[0]?.headers.get('www-authenticate'), 'Bearer');
    assert.equal(replies[0]?.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    assert.match(
      replies[0]?.text ?? '',
      /^\{"type":"urn:beckon:problem:unauthenticated","title":".+","status":401,"code":"unauthenticated","docs":"\/docs\/problems\/unauthenticated"\}$/,
    );
  });

  it('do not tell whether a bot exists', async () => {
    const builder = { auth: await tokenFor('cs-builder') };
    const [other, unknown] = [await ask(OTHER_BOT, builder), await ask(UNKNOWN_BOT, builder)];
    assert.equal(other.text, unknown.text);
    assert.deepEqual([other.status, /"code":"bot_not_found"/.test(other.text)], [404, true]);
    assert.equal((await ask(UNKNOWN_BOT, { auth: await tokenFor('cs-admin') })).text, other.text);
  });

  it('tell a missing scope, a bad body, an unknown path, and a route without a gate', async () => {
    const scopeless = await ask(BOT, { auth: await tokenFor('cs-scopeless') });
    assert.deepEqual([scopeless.status, /"code":"scope_missing"/.test(scopeless.text)], [403, true]);
    const invalid = await ask(BOT, { auth: await tokenFor('cs-builder') }, { method: 'POST' });
    assert.equal(
      invalid.text,
      '{"type":"urn:beckon:problem:body_invalid","title":"The request does not fit the schema","status":400,"code":"body_invalid","detail":"name: must be a string","docs":"/docs/problems/body_invalid"}',
    );
    assert.equal((await fetch(`${url}/api/v1/nowhere`)).status, 404);
    assert.equal((await fetch(`${url}/api/v1/ungated`)).status, 500);
  });
});
