import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import { slackUserId } from '../../sandbox/ids.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import type { LookUp } from '../contract.ts';
import { type Desk, openTestClock, openTestDesk, type TestClock } from '../test-desk.ts';
import { slack } from './slack.ts';

const MINUTE_MS = 60_000;
const soon = () => AbortSignal.timeout(5_000);
const lookUp = async (desk: Desk, identity: string) => (await desk.session.lookUp?.([identity], soon()))?.[0];

let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

describe('Looking people up', () => {
  test('finds a user, and nobody for those who are unknown, guests or gone', async () => {
    const desk = open();
    const found = await lookUp(desk, 'Jane@Example.com');
    assert.ok(found?.kind === 'found' && found.address.channelId.startsWith('U'));
    for (const identity of ['unknown@example.com', 'guest@example.com', 'deleted@example.com']) {
      assert.deepEqual(await lookUp(desk, identity), { kind: 'absent' });
    }
  });

  test('asks nobody about what is no e-mail address', async () => {
    const desk = open();
    assert.deepEqual(await lookUp(desk, '+491234567'), { kind: 'absent' });
    assert.equal(desk.calls.length, 0);
  });

  test('remembers a user for an hour and an absence for ten minutes', async () => {
    const clock = openTestClock();
    const desk = open({}, clock);
    const ask = async (identity: string) => {
      await lookUp(desk, identity);
      return desk.calls.length;
    };
    assert.deepEqual(
      [await ask('jane@example.com'), await ask(' JANE@example.com'), await ask('unknown@example.com')],
      [1, 1, 2],
    );
    clock.advance(10 * MINUTE_MS - 1);
    assert.deepEqual([await ask('jane@example.com'), await ask('unknown@example.com')], [2, 2]);
    clock.advance(1);
    assert.deepEqual([await ask('jane@example.com'), await ask('unknown@example.com')], [2, 3]);
    clock.advance(50 * MINUTE_MS);
    assert.equal(await ask('jane@example.com'), 4);
  });

  test('remembers no failure', async () => {
    const desk = open();
    for (const [kind, outcome] of [
      ['reset', 'failed'],
      ['garbage', 'failed'],
    ] as const) {
      sandbox.faults.set([{ provider: 'slack', fault: { kind } }]);
      const result = await lookUp(desk, 'jane@example.com');
      assert.equal(result?.kind === 'unavailable' && result.outcome.kind, outcome);
    }
    say({ ok: true, user: {} });
    assert.equal((await lookUp(desk, 'jane@example.com'))?.kind, 'unavailable');
    sandbox.faults.clear();
    assert.equal((await lookUp(desk, 'jane@example.com'))?.kind, 'found');
  });

  test('says when it is not allowed', async () => {
    say({ ok: false, error: 'missing_scope', needed: 'users:read.email' });
    const denied = await lookUp(open(), 'jane@example.com');
    assert.ok(denied?.kind === 'unavailable' && denied.outcome.kind === 'rejected');
    assert.equal(denied.outcome.scope, 'connection');
    assert.match(denied.outcome.detail, /missing_scope \(needed: users:read\.email\)/);
  });

  test('an address Slack cannot read is that person’s fault, not the message’s', async () => {
    say({ ok: false, error: 'invalid_arguments' });
    const refused = await lookUp(open(), 'jane@example.com');
    assert.ok(refused?.kind === 'unavailable' && refused.outcome.kind === 'rejected');
    assert.equal(refused.outcome.scope, 'recipient');
  });

  test('a long wait is told at once, and nobody calls until it is over; nothing but look-ups waits', async () => {
    const clock = openTestClock();
    const desk = open({}, clock);
    sandbox.faults.set([{ provider: 'slack', route: 'users.lookupByEmail', times: 1, fault: status429(30) }]);
    const busy = await lookUp(desk, 'jane@example.com');
    assert.deepEqual(outcomeOf(busy), ['busy', 'recipient', 30_000]);
    clock.advance(10_000);
    assert.deepEqual(outcomeOf(await lookUp(desk, 'john@example.com')), ['busy', 'recipient', 20_000]);
    assert.equal(desk.calls.length, 1);
    assert.equal((await desk.send()).kind, 'accepted');
    clock.advance(20_000);
    assert.equal((await lookUp(desk, 'jane@example.com'))?.kind, 'found');
  });

  test('a short wait is waited for, as long as the signal lasts', async () => {
    const clock = openTestClock();
    const desk = open({}, clock);
    sandbox.faults.set([{ provider: 'slack', times: 1, fault: status429(2) }]);
    assert.equal((await passing(clock, lookUp(desk, 'jane@example.com')))?.kind, 'found');
    assert.equal(desk.calls.length, 2);

    const deadline = new AbortController();
    const falling = Promise.withResolvers<void>();
    const after = (delayMs: number, task: () => void) => {
      falling.resolve();
      return clock.after(delayMs, task);
    };
    const sleeper = open({}, { ...clock, after });
    sandbox.faults.set([{ provider: 'slack', fault: status429(2) }]);
    const pending = sleeper.session.lookUp?.(['john@example.com'], deadline.signal);
    await falling.promise;
    deadline.abort();
    assert.deepEqual(outcomeOf((await pending)?.[0]), ['busy', 'recipient', 2_000]);
  });
});

describe('Looking many people up', () => {
  test('10,000 unknown people cost eleven pages, however they come', async () => {
    const limited = await startLimited();
    const emails = fill(10_000, limited);
    const desk = open({}, undefined, limited);
    const batches = Array.from({ length: 100 }, (_, index) => emails.slice(index * 100, index * 100 + 100));
    const found = (await Promise.all(batches.map((batch) => desk.session.lookUp?.(batch, soon())))).flat();
    assert.deepEqual(
      found.map((entry) => entry?.kind === 'found' && entry.address.channelId),
      emails.map(slackUserId),
    );
    assert.deepEqual(
      desk.calls.map(({ url }) => new URL(url).pathname),
      Array(11).fill('/slack/api/users.list'),
    );
  });

  test('fifty are looked up one by one; with the next the list is read, once for all who wait', async () => {
    const limited = await startLimited();
    const emails = fill(200, limited);
    const desk = open({}, undefined, limited);
    const ask = async (from: number, to: number) => {
      const before = desk.calls.length;
      const found = await Promise.all(emails.slice(from, to).map((email) => lookUp(desk, email)));
      assert.ok(found.every((entry) => entry?.kind === 'found'));
      return desk.calls.slice(before).map(({ url }) => url.slice(url.lastIndexOf('/') + 1));
    };
    assert.deepEqual(await ask(0, 50), Array(50).fill('users.lookupByEmail'));
    assert.deepEqual(await ask(50, 100), ['users.list']);
    assert.deepEqual(await ask(0, 200), []);
  });

  test('guests, bots, strangers and people who left are absent, and so is who is not listed', async () => {
    const members = [
      member('U1', {}),
      member('U2', { deleted: true }),
      member('U3', { is_bot: true }),
      member('U4', { is_restricted: true }),
      member('U5', { is_ultra_restricted: true }),
      member('U6', { is_stranger: true }),
      member('USLACKBOT', {}),
      { id: 'U7', profile: {} },
      { profile: { email: 'u8@example.com' } },
      null,
    ];
    say({ ok: true, members });
    const desk = open();
    const asked = ['u1', 'u2', 'u3', 'u4', 'u5', 'u6', 'uslackbot', 'u7', 'u8'].map((name) => `${name}@example.com`);
    const found = await desk.session.lookUp?.([...asked, ...fill(60)], soon());
    assert.deepEqual(
      found?.map(({ kind }) => kind),
      ['found', ...Array(68).fill('absent')],
    );
    assert.equal(desk.calls.length, 1);
  });

  test('the list is believed for an hour, its silence for ten minutes', async () => {
    const clock = openTestClock();
    const desk = open({}, clock);
    const emails = fill(60);
    const ask = async (identities: readonly string[]) => {
      await desk.session.lookUp?.(identities, soon());
      return desk.calls.length;
    };
    assert.equal(await ask([...emails, 'new@example.com']), 1);
    clock.advance(10 * MINUTE_MS - 1);
    assert.equal(await ask([...emails, 'new@example.com']), 1);
    clock.advance(1);
    assert.equal(await ask(emails), 1);
    assert.equal(await ask(['new@example.com']), 2);
    clock.advance(50 * MINUTE_MS);
    assert.equal(await ask(emails), 3);
  });

  test('a 429 in the middle is waited out, and the reading goes on where it stopped', async () => {
    const clock = openTestClock();
    const limited = await startLimited(clock);
    const emails = fill(25_000, limited);
    const desk = open({}, clock, limited);
    const first = await desk.session.lookUp?.(emails.slice(-60), soon());
    assert.deepEqual(outcomeOf(first?.[0]), ['busy', 'recipient', 60_000]);
    assert.equal(desk.calls.length, 21, 'twenty pages, and the one that was refused');
    assert.equal(outcomeOf(await lookUp(desk, 'p1@example.com'))[0], 'found', 'look-ups have a limit of their own');

    clock.advance(60_000);
    const second = await desk.session.lookUp?.(emails.slice(-60), soon());
    assert.ok(second?.every(({ kind }) => kind === 'found'));
    assert.equal(desk.calls.length, 21 + 1 + 6);
  });

  test('a short 429 in the middle goes unnoticed', async () => {
    const clock = openTestClock();
    const desk = open({}, clock);
    const emails = fill(2_500);
    sandbox.faults.set([{ provider: 'slack', route: 'users.list', times: 1, fault: status429(3) }]);
    const found = await passing(clock, desk.session.lookUp?.(emails, soon()));
    assert.ok(found?.every(({ kind }) => kind === 'found'));
    assert.equal(desk.calls.length, 4);
  });

  test('who cannot wait for the list does not end it for the others', async () => {
    const emails = fill(60);
    sandbox.faults.set([{ provider: 'slack', route: 'users.list', fault: { kind: 'slow', delayMs: 50 } }]);
    const desk = open();
    const hasty = new AbortController();
    const [cut, whole] = [desk.session.lookUp?.(emails, hasty.signal), desk.session.lookUp?.(emails, soon())];
    hasty.abort();
    assert.deepEqual(outcomeOf((await cut)?.[0]).slice(0, 1), ['failed']);
    assert.ok((await whole)?.every(({ kind }) => kind === 'found'));
    assert.equal(desk.calls.length, 1);
  });

  test('a list without addresses proves nobody absent', async () => {
    sandbox.faults.set([
      { provider: 'slack', route: 'users.list', fault: status(200, { ok: true, members: [{ id: 'U1' }] }) },
      { provider: 'slack', route: 'users.lookupByEmail', fault: status(200, { ok: false, error: 'missing_scope' }) },
    ]);
    const found = await open().session.lookUp?.(fill(60), soon());
    assert.ok(found?.every((entry) => outcomeOf(entry)[1] === 'connection'));
  });

  const BROKEN: readonly (readonly [string, object, string])[] = [
    ['no list', { ok: true }, 'failed'],
    ['a cursor that is no longer known', { ok: false, error: 'invalid_cursor' }, 'failed'],
    ['a token that is not allowed to', { ok: false, error: 'missing_scope' }, 'rejected'],
  ];
  for (const [what, body, expected] of BROKEN) {
    test(`${what} ends the reading, and the next begins anew`, async () => {
      const emails = fill(60);
      sandbox.faults.set([{ provider: 'slack', route: 'users.list', times: 1, fault: status(200, body) }]);
      const desk = open();
      assert.equal(outcomeOf((await desk.session.lookUp?.(emails, soon()))?.[0])[0], expected);
      assert.equal((await desk.session.lookUp?.(emails, soon()))?.[0]?.kind, 'found');
    });
  }

  test('a workspace’s list that never ends is given up', async () => {
    say({ ok: true, members: [], response_metadata: { next_cursor: 'on' } });
    const desk = open();
    const pending = desk.session.lookUp?.(fill(60), AbortSignal.timeout(30_000));
    await sandbox.until(() => pagesAsked('users.list') >= 600);
    sandbox.faults.clear();
    assert.ok(
      (await pending)?.every(({ kind }) => kind === 'found'),
      'one by one then',
    );
    assert.equal(pagesAsked('users.list'), 600);
  });

  test('the workspace is named to a token that knows several', async () => {
    const desk = open({ teamId: 'T0SANDBOX' });
    await desk.session.lookUp?.(fill(60), soon());
    assert.equal(new URLSearchParams(desk.calls[0]?.body ?? '').get('team_id'), 'T0SANDBOX');
  });
});

/** Only these people exist. */
function fill(count: number, at = sandbox): string[] {
  const emails = Array.from({ length: count }, (_, index) => `p${index}@example.com`);
  at.people.change({
    replace: true,
    strict: true,
    slack: emails.map((match) => ({ match, state: 'active' as const })),
  });
  return emails;
}

function member(id: string, flags: JsonObject): JsonObject {
  return { id, ...flags, profile: { email: `${id}@Example.com` } };
}

/** With the documented limits. */
async function startLimited(clock?: TestClock): Promise<Sandbox> {
  const limited = await startSandbox(clock === undefined ? {} : { clock });
  after(() => limited.close());
  return limited;
}

function pagesAsked(method: string): number {
  return sandbox.stats().calls.slack?.[method]?.calls ?? 0;
}

/** Time goes by until it is settled. */
async function passing<T>(clock: TestClock, pending: Promise<T> | undefined): Promise<T | undefined> {
  let settled = false;
  const noted = pending?.finally(() => {
    settled = true;
  });
  while (!settled) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(100);
  }
  return noted;
}

const status = (code: number, body: object) => ({ kind: 'status', status: code, body }) as const;
const status429 = (retryAfterSeconds: number) => ({ kind: 'status', status: 429, retryAfterSeconds }) as const;

function outcomeOf(found: LookUp | undefined): readonly unknown[] {
  if (found?.kind !== 'unavailable') return [found?.kind];
  const { outcome } = found;
  return [
    outcome.kind,
    'scope' in outcome ? outcome.scope : null,
    'retryAfterMs' in outcome ? outcome.retryAfterMs : null,
  ];
}

function open(settings: JsonObject = {}, clock?: TestClock, at = sandbox): Desk {
  const { urls, credentials } = at;
  return openTestDesk({
    channel: slack,
    settings: { ...credentials.slack, apiUrl: urls.slack, ...settings },
    address: { channelId: 'U0JANE', reference: null },
    ...(clock === undefined ? {} : { clock }),
  });
}

/** Slack answers every call so, at status 200. */
function say(body: JsonObject): void {
  sandbox.faults.set([{ provider: 'slack', fault: { kind: 'status', status: 200, body } }]);
}
