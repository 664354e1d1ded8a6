import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import type { LookUp } from '../contract.ts';
import { type Desk, openTestClock, openTestDesk, type TestClock } from '../test-desk.ts';
import { msteams } from './msteams.ts';

const TENANT = '00000000-0000-0000-0000-0000000000aa';
const JANE = '11111111-2222-3333-4444-555555555555';

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

/** [what Graph knows, who is asked for, what is found: an object id, `somebody`, or nobody] */
const PEOPLE: readonly (readonly [string, JsonObject, string, string | null])[] = [
  ['a UPN', { email: 'jane@example.com' }, 'jane@example.com', JANE],
  ['a UPN in other letters', { email: 'Jane@example.com' }, ' JANE@Example.com ', JANE],
  [
    'a mail address that is not the UPN',
    { email: 'j.doe@corp.example', mail: 'jane@example.com' },
    'jane@example.com',
    JANE,
  ],
  [
    'a UPN whose owner has another mail address',
    { email: 'j.doe@corp.example', mail: 'x@y.z' },
    'j.doe@corp.example',
    JANE,
  ],
  ['an object id', { email: 'jane@example.com' }, JANE, JANE],
  ['a guest', { email: 'jane@example.com', guest: true }, 'jane@example.com', null],
  ['a quote in the address', { email: 'upn@x.y', mail: "jane.o'hara@example.com" }, "jane.o'hara@example.com", JANE],
  ['somebody else', { email: 'john@example.com' }, 'unknown-jane@example.com', null],
  ['no name Graph could know', {}, 'jane', null],
  ['a path', {}, '../applications/x@y', null],
];

describe('Who is looked up', () => {
  for (const [name, known, asked, found] of PEOPLE) {
    test(`by ${name} is ${found === null ? 'nobody' : 'found'}`, async () => {
      sandbox.people.change({ teams: [{ match: '29:jane', aadObjectId: JANE, state: 'installed', ...known }] });
      const [lookUp] = await lookUpWith(open(), [asked]);
      if (found === null) assert.deepEqual(lookUp, { kind: 'absent' });
      else {
        const address = { channelId: found, reference: { aadObjectId: found, tenantId: TENANT } };
        assert.deepEqual(lookUp, { kind: 'found', address });
      }
    });
  }

  test('can be written to', async () => {
    sandbox.people.change({
      teams: [{ match: '29:jane', aadObjectId: JANE, email: 'jane@example.com', state: 'installed' }],
    });
    const desk = open();
    const [lookUp] = await lookUpWith(desk, ['jane@example.com']);
    assert.ok(lookUp?.kind === 'found');
    const outcome = await desk.send({ address: lookUp.address });
    assert.ok(outcome.kind === 'accepted' && outcome.learned?.reference?.['conversationId'] !== undefined);
    assert.equal(sandbox.ledger.countOf('teams', '29:jane'), 1);
  });

  test('a hundred at once cost five calls, in their order; asked again none', async () => {
    const desk = open();
    const names = Array.from({ length: 100 }, (_, index) => `person${index}@example.com`);
    const first = await lookUpWith(desk, names);
    assert.ok(first.every(({ kind }) => kind === 'found'));
    assert.equal(new Set(first.map((lookUp) => lookUp.kind === 'found' && lookUp.address.channelId)).size, 100);
    assert.equal(graphCalls(), 5);
    assert.deepEqual(await lookUpWith(desk, names.toReversed()), first.toReversed());
    assert.equal(graphCalls(), 5);
  });

  test('those without a UPN of that name cost one call more for each twenty', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `unknown${index}@example.com`);
    const all = await lookUpWith(open(), [...names, ...names, 'jane@example.com']);
    assert.deepEqual(
      all.map(({ kind }) => kind),
      [...Array(40).fill('absent'), 'found'],
    );
    assert.equal(graphCalls(), 3);
  });

  test('is remembered for an hour, and that there is nobody for ten minutes', async () => {
    const clock = openTestClock();
    const desk = open({}, clock);
    await lookUpWith(desk, ['jane@example.com', 'unknown@example.com']);
    assert.equal(graphCalls(), 2);
    clock.advance(599_000);
    await lookUpWith(desk, ['jane@example.com', 'unknown@example.com']);
    assert.equal(graphCalls(), 2);
    clock.advance(1_000);
    await lookUpWith(desk, ['jane@example.com', 'unknown@example.com']);
    assert.equal(graphCalls(), 4);
  });

  test('nobody, unless the connection says so', () => {
    assert.equal(open({ lookUp: false }).session.lookUp, undefined);
  });
});

describe('A look-up that fails', () => {
  test('for want of permission says so, stops asking, and leaves sends alone', async () => {
    const desk = open();
    sandbox.faults.set([{ provider: 'graph', route: 'batch', fault: { kind: 'status', status: 403 } }]);
    const names = Array.from({ length: 200 }, (_, index) => `person${index}@example.com`);
    const lookUps = await lookUpWith(desk, names);
    for (const lookUp of lookUps) {
      assert.ok(lookUp.kind === 'unavailable' && lookUp.outcome.kind === 'rejected');
      assert.deepEqual([lookUp.outcome.scope, lookUp.outcome.reason], ['connection', 'connection_refused']);
      assert.match(lookUp.outcome.detail, /HTTP 403 Authorization_RequestDenied .*User\.Read\.All/);
    }
    assert.ok(graphCalls() <= 4, 'those under way');
    assert.equal((await desk.send({ address: { channelId: '29:jane', reference: null } })).kind, 'accepted');
    sandbox.faults.clear();
    assert.equal((await lookUpWith(desk, ['person0@example.com']))[0]?.kind, 'found', 'nothing is remembered of it');
  });

  test('for want of permission for one person among others makes them nobody', async () => {
    const fault = { kind: 'status', status: 403 } as const;
    sandbox.people.change({ teams: [{ match: 'john@example.com', mail: 'j@example.com', state: 'installed' }] });
    sandbox.faults.set([{ provider: 'graph', route: 'user', recipient: 'john@example.com', fault }]);
    const lookUps = await lookUpWith(open(), ['jane@example.com', 'john@example.com', 'unknown@example.com']);
    assert.deepEqual(
      lookUps.map(({ kind }) => kind),
      ['found', 'absent', 'absent'],
    );
    sandbox.faults.set([{ provider: 'graph', route: 'user', fault }]);
    const [alone] = await lookUpWith(open(), ['john@example.com']);
    assert.equal(
      alone?.kind === 'unavailable' && alone.outcome.kind === 'rejected' && alone.outcome.scope,
      'connection',
    );
  });

  test('by a part of the batch that is throttled leaves the others, and Graph alone until then', async () => {
    const clock = openTestClock();
    const desk = open({}, clock);
    const fault = { kind: 'status', status: 429, retryAfterSeconds: 7 } as const;
    sandbox.faults.set([{ provider: 'graph', route: 'user', recipient: 'john@example.com', fault }]);
    const [jane, john] = await lookUpWith(desk, ['jane@example.com', 'john@example.com']);
    assert.equal(jane?.kind, 'found');
    assert.ok(john?.kind === 'unavailable' && john.outcome.kind === 'busy');
    assert.deepEqual([john.outcome.scope, john.outcome.retryAfterMs], ['connection', 7_000]);

    sandbox.faults.clear();
    clock.advance(6_000);
    const [waiting] = await lookUpWith(desk, ['john@example.com']);
    assert.ok(waiting?.kind === 'unavailable' && waiting.outcome.kind === 'busy');
    assert.equal(waiting.outcome.retryAfterMs, 1_000);
    assert.equal(graphCalls(), 1);
    clock.advance(1_000);
    assert.equal((await lookUpWith(desk, ['john@example.com']))[0]?.kind, 'found');
  });

  for (const [name, fault, kind] of [
    ['500', { kind: 'status', status: 500 }, 'failed'],
    ['503', { kind: 'status', status: 503 }, 'failed'],
    ['429', { kind: 'status', status: 429, retryAfterSeconds: 3 }, 'busy'],
    ['garbage', { kind: 'garbage' }, 'failed'],
    ['a reset', { kind: 'reset' }, 'failed'],
    ['no end', { kind: 'huge' }, 'failed'],
  ] as const) {
    test(`with ${name} is tried again`, async () => {
      sandbox.faults.set([{ provider: 'graph', fault }]);
      const [lookUp] = await lookUpWith(open(), ['jane@example.com']);
      assert.equal(lookUp?.kind === 'unavailable' && lookUp.outcome.kind, kind);
    });
  }

  test('for want of a token is the connection’s', async () => {
    for (const settings of [{ tenantId: 'unknown' }, { appPassword: 'wrong-secret' }]) {
      const [lookUp] = await lookUpWith(open(settings), ['jane@example.com']);
      assert.ok(lookUp?.kind === 'unavailable' && lookUp.outcome.kind === 'rejected');
      assert.equal(lookUp.outcome.scope, 'connection');
    }
  });

  test('is told by the check, which is good all the same', async () => {
    const desk = open();
    assert.doesNotMatch((await desk.session.check(AbortSignal.timeout(2_000))).detail, /Looking people up/);
    sandbox.faults.set([{ provider: 'graph', fault: { kind: 'status', status: 403 } }]);
    const result = await desk.session.check(AbortSignal.timeout(2_000));
    assert.equal(result.ok, true);
    assert.match(result.detail, /Looking people up does not work: Microsoft Graph: HTTP 403/);
  });

  test('asks with a token of the directory, for Graph', async () => {
    const desk = open({ ...sandbox.credentials.teamsMultiTenant, multiTenant: true });
    assert.equal((await lookUpWith(desk, ['jane@example.com']))[0]?.kind, 'found');
    assert.equal(new URL(desk.calls[0]?.url ?? '').pathname, `/login/${TENANT}/oauth2/v2.0/token`);
    assert.match(desk.calls[0]?.body ?? '', /scope=https%3A%2F%2Fgraph\.microsoft\.com%2F\.default/);
  });
});

function open(settings: JsonObject = {}, clock?: TestClock): Desk {
  const { urls, credentials } = sandbox;
  return openTestDesk({
    channel: msteams,
    settings: {
      ...credentials.teams,
      serviceUrl: urls.teams,
      loginUrl: urls.login,
      graphUrl: urls.graph,
      lookUp: true,
      ...settings,
    },
    address: { channelId: '29:jane', reference: null },
    ...(clock === undefined ? {} : { clock }),
  });
}

async function lookUpWith(desk: Desk, identities: readonly string[]): Promise<readonly LookUp[]> {
  const found = await desk.session.lookUp?.(identities, AbortSignal.timeout(5_000));
  assert.equal(found?.length, identities.length);
  return found ?? [];
}

function graphCalls(): number {
  return Object.values(sandbox.stats().calls.graph ?? {}).reduce((sum, { calls }) => sum + calls, 0);
}
