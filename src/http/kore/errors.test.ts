import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import {
  BOT,
  call,
  OTHER_BOT,
  type Reply,
  type Rig,
  START,
  sign,
  startRig,
  tokenFor,
  UNKNOWN_BOT,
} from '../../../test/support/http-rig.ts';
import type { JsonObject } from '../../model/json.ts';
import { Fault } from '../faults.ts';
import { envelopeOf } from './envelope.ts';

/**
 * The stages in which a request is judged, in their order. Each knows how to make the one thing wrong that it is about
 * and what the caller then reads; a request with several things wrong must read as the first of them.
 */
interface Stage {
  readonly name: string;
  readonly spoil: (request: Draft) => void;
  readonly expected: readonly [status: number, text: string];
}

interface Draft {
  method: string;
  path: 'notify' | 'notify/status/ds-unknown';
  bot: string;
  app: string;
  claims: JsonObject;
  header: string | null;
  key: string | null;
  contentType: string;
  body: string;
}

const now = Math.floor(START / 1000);
const envelope = (msg: string, code: number) => JSON.stringify({ errors: [{ msg, code }] });

const STAGES: readonly Stage[] = [
  {
    name: 'wrong verb',
    spoil: (draft) => Object.assign(draft, { method: 'DELETE' }),
    expected: [405, envelope('Method Not Allowed', 405)],
  },
  {
    name: 'no auth header',
    spoil: (draft) => Object.assign(draft, { header: '' }),
    expected: [401, envelope('Invalid SDK credentials', 4002)],
  },
  {
    name: 'not a JWT',
    spoil: (draft) => Object.assign(draft, { header: draft.header ?? 'not-a-jwt' }),
    expected: [401, envelope('Invalid JWT token', 4002)],
  },
  {
    name: 'signature does not verify',
    spoil: (draft) => Object.assign(draft, { key: 'not-the-secret-of-this-app-but-as-long' }),
    expected: [401, envelope('Invalid SDK credentials', 4002)],
  },
  {
    name: 'expired',
    spoil: (draft) => Object.assign(draft.claims, { exp: now - 60 }),
    expected: [401, envelope('Invalid SDK credentials', 4002)],
  },
  {
    name: 'jti with an exp too far away',
    spoil: (draft) => Object.assign(draft.claims, { jti: 'x', exp: draft.claims['exp'] ?? now + 7200 }),
    expected: [401, envelope('error verifying the jwt: if "jti" claim "exp" must be <= 1 hour(s)', 401)],
  },
  {
    name: 'jti seen before',
    spoil: (draft) => Object.assign(draft.claims, { jti: 'used', exp: draft.claims['exp'] ?? now + 60 }),
    expected: [401, envelope('error verifying the jwt: possibly a replay', 401)],
  },
  {
    name: 'scope missing',
    spoil: (draft) => Object.assign(draft, { app: 'cs-scopeless' }),
    expected: [401, envelope('Permission denied. Scope is incorrect!', 4002)],
  },
  {
    name: "builder app, another tenant's bot",
    spoil: (draft) => Object.assign(draft, { bot: OTHER_BOT }),
    expected: [401, envelope('Invalid SDK credentials', 4002)],
  },
  {
    name: 'over the rate limit',
    spoil: () => {},
    expected: [
      429,
      envelope("You've exceeded the per-minute rate limit. Please wait for sometime before retrying.", 429),
    ],
  },
  {
    name: 'body of another type',
    spoil: (draft) => Object.assign(draft, { contentType: 'text/plain' }),
    expected: [415, envelope('Unsupported Media Type: text/plain: send the body as application/json', 415)],
  },
  {
    name: 'body too large',
    spoil: (draft) => Object.assign(draft, { body: `{"pad":"${'x'.repeat(9000)}"}` }),
    expected: [413, envelope('Payload Too Large: at most 8192 bytes are taken; send several calls', 413)],
  },
  {
    name: 'body against the schema',
    spoil: (draft) => Object.assign(draft, { body: draft.body.length > 9000 ? draft.body : '[]' }),
    expected: [412, envelope('Validation errors/ Invalid arguments: body: must be a JSON object', 412)],
  },
];
const RATE_STAGE = STAGES.findIndex((stage) => stage.name === 'over the rate limit');

describe('errors of the Kore routes', () => {
  let open: Rig;
  /** A rig whose bots have used up their minute. */
  let full: Rig;
  before(async () => {
    open = await startRig({ limits: { maxBodyBytes: 8192 } });
    full = await startRig({ limits: { maxBodyBytes: 8192 }, callLimits: { perMinute: 1, perHour: 0 } });
    const used = await tokenFor('cs-builder', { jti: 'used', exp: now + 60 });
    const usedElsewhere = await tokenFor('cs-scopeless', { jti: 'used', exp: now + 60 });
    const admin = await tokenFor('cs-admin');
    for (const rig of [open, full]) {
      await call(rig, `/api/public/bot/${BOT}/notify/status/x`, { headers: { auth: used } });
      await call(rig, `/api/public/bot/${BOT}/notify/status/x`, { headers: { auth: usedElsewhere } });
      await call(rig, `/api/public/bot/${OTHER_BOT}/notify/status/x`, { headers: { auth: admin } });
    }
  });
  after(() => Promise.all([open.close(), full.close()]));

  const send = async (wrong: readonly Stage[]): Promise<Reply> => {
    const draft: Draft = {
      method: 'POST',
      path: 'notify',
      bot: BOT,
      app: 'cs-builder',
      claims: {},
      header: null,
      key: null,
      contentType: 'application/json',
      body: '{}',
    };
    for (const stage of wrong) stage.spoil(draft);
    const rig = wrong.some((stage) => stage === STAGES[RATE_STAGE]) ? full : open;
    return call(rig, `/api/public/bot/${draft.bot}/${draft.path}`, {
      method: draft.method,
      headers: { 'content-type': draft.contentType, auth: await writeToken(draft) },
      body: draft.body,
    });
  };

  STAGES.forEach((first, at) => {
    it(`${first.name}: ${first.expected[0]}`, async () => {
      const reply = await send([first]);
      assert.deepEqual([reply.status, reply.text], first.expected);
    });

    for (const later of STAGES.slice(at + 1)) {
      it(`${first.name} comes before ${later.name}`, async () => {
        const reply = await send([first, later]);
        assert.deepEqual([reply.status, reply.text], first.expected);
      });
    }
  });

  it('with everything wrong at once, the verb is told', async () => {
    const reply = await send(STAGES);
    assert.deepEqual([reply.status, reply.text], STAGES[0]?.expected);
  });

  it('admin app, unknown bot: 400 Invalid StreamId, and the scope is judged before', async () => {
    const path = `/api/public/bot/${UNKNOWN_BOT}/notify/status/x`;
    const admin = await call(open, path, { headers: { auth: await tokenFor('cs-admin') } });
    assert.deepEqual([admin.status, admin.text], [400, envelope('Invalid StreamId', 400)]);
    const scopeless = await call(open, path, { headers: { auth: await tokenFor('cs-scopeless-admin') } });
    assert.deepEqual(
      [scopeless.status, scopeless.text],
      [401, envelope('Permission denied. Scope is incorrect!', 4002)],
    );
  });

  it('builder app, unknown bot: the same 401 as for a bot of somebody else', async () => {
    const path = `/api/public/bot/${UNKNOWN_BOT}/notify/status/x`;
    const reply = await call(open, path, { headers: { auth: await tokenFor('cs-builder') } });
    assert.deepEqual([reply.status, reply.text], [401, envelope('Invalid SDK credentials', 4002)]);
  });

  it('unknown request id: 400, and the rate limit is judged before', async () => {
    const path = `/api/public/bot/${BOT}/notify/status/ds-00000000-0000-5000-8000-000000000000`;
    const auth = await tokenFor('cs-builder');
    const reply = await call(open, path, { headers: { auth } });
    assert.deepEqual([reply.status, reply.text], [400, envelope('Invalid request ID', 400)]);
    assert.equal((await call(full, path, { headers: { auth } })).status, 429);
  });

  it('a wrong verb is answered 405 with Allow on all four routes', async () => {
    for (const version of ['notify', 'notifyV2']) {
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'PROPFIND']) {
        const reply = await call(open, `/api/public/bot/${BOT}/${version}`, { method });
        assert.deepEqual([reply.status, reply.headers.get('allow')], [405, 'POST'], `${method} ${version}`);
      }
      for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'PROPFIND']) {
        const reply = await call(open, `/api/public/bot/${BOT}/${version}/status/ds-1?x=/notify`, { method });
        assert.deepEqual([reply.status, reply.headers.get('allow')], [405, 'GET, POST'], `${method} ${version}/status`);
      }
    }
  });

  it('texts that clients compare whole, or that a stranger reads, never carry a detail', () => {
    for (const fault of ['token_missing', 'token_malformed', 'token_refused', 'bot_forbidden', 'internal'] as const) {
      assert.equal(envelopeOf(new Fault(fault, 'why')), envelopeOf(new Fault(fault)));
    }
    assert.equal(
      envelopeOf(new Fault('body_invalid', 'why')),
      envelope('Validation errors/ Invalid arguments: why', 412),
    );
  });

  it('an unknown address beside them is 404 in the same envelope', async () => {
    for (const path of [
      '/api/public/bot',
      `/api/public/bot/${BOT}`,
      `/api/public/bot/${BOT}/notifyV3`,
      '/api/public/x/y',
    ]) {
      const reply = await call(open, path, { method: 'POST', body: 'x' });
      assert.deepEqual([reply.status, reply.text], [404, envelope('Not Found', 404)], path);
    }
  });
});

async function writeToken(draft: Draft): Promise<string> {
  if (draft.header !== null) return draft.header;
  const claims = { sub: 'tester', appId: draft.app, ...draft.claims };
  return draft.key === null ? sign(claims) : sign(claims, { alg: 'HS256' }, createSecretKey(Buffer.from(draft.key)));
}
