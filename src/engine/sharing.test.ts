import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { accepted, type EngineRig, openEngineRig, type RigOptions } from '../../test/support/engine-rig.ts';
import type { Channel, SendRequest } from '../channels/contract.ts';
import { lookOnceMore } from '../channels/last-look.ts';
import type { Outcome } from '../model/outcome.ts';
import { StoreUnavailable } from '../store/port/errors.ts';

const people = (count: number): string[] => Array.from({ length: count }, (_, index) => `p${index}@x.org`);
const notResolved = { resolve: false };

/** By the part before a slash: `room/7` is in the conversation `room`. */
const scopes: NonNullable<Channel['scopes']> = (_connection, { channelId }) => [
  {
    key: channelId.split('/')[0] ?? '',
    windows: [
      { calls: 2, ms: 1_000 },
      { calls: 10, ms: 60_000 },
    ],
  },
];

describe('what connections share', () => {
  let rig: EngineRig;
  afterEach(() => rig.close());

  async function open(options: RigOptions): Promise<void> {
    rig = await openEngineRig(options);
    await rig.engine.start();
  }
  const countOf = (botIndex: number) => rig.sends.filter(({ botId }) => botId === rig.bots[botIndex]?.botId).length;
  const toAll = async (identities: readonly string[], more = {}) => {
    const ids: string[] = [];
    for (const bot of rig.bots) ids.push(await rig.accept(bot, identities, { ...notResolved, ...more }));
    return ids;
  };
  const mostWithin = (ms: number, sends = rig.sends) =>
    Math.max(...sends.map(({ at }) => sends.filter((other) => other.at >= at && other.at < at + ms).length));

  it('is the rate, where the account is the same', async () => {
    await open({ bots: 2, channel: { account: () => 'one', defaults: { perSecond: 20, concurrency: 10 } } });
    await toAll(people(100));
    await rig.clock.advance(5_000);
    assert.ok(mostWithin(1_000) <= 20, `${mostWithin(1_000)} within a second`);
    assert.ok(rig.sends.length >= 95);
    assert.ok(Math.abs(countOf(0) - countOf(1)) <= 3);
  });

  it('is nothing where it is not', async () => {
    await open({ bots: 2, channel: { account: ({ id }) => id, defaults: { perSecond: 20, concurrency: 10 } } });
    await toAll(people(100));
    await rig.clock.advance(5_000);
    assert.ok(mostWithin(1_000) > 30);
  });

  it('is the pause, and the operator is told how fast and why', async () => {
    let asked = 0;
    const send = (): Outcome =>
      ++asked === 1 ? { kind: 'busy', scope: 'connection', retryAfterMs: 5_000, detail: 'HTTP 429' } : accepted;
    const channel = { account: () => 'one', defaults: { perSecond: 20, concurrency: 10 } };
    await open({ bots: 2, channel, concurrency: 1, send });
    await toAll(people(3));
    await rig.clock.advance(4_000);
    assert.ok(rig.sends.length <= 2, 'what began before the answer came');
    for (const { connectionId } of rig.bots) {
      const state = rig.engine.describeConnection(connectionId);
      assert.deepEqual([state?.rate.documented, state?.rate.allowed, state?.why], [20, 20, 'HTTP 429']);
      assert.ok(state && state.pausedMs > 0 && state.rate.now !== null && state.rate.now < 20);
    }
    await rig.clock.advance(30_000);
    assert.equal(rig.sends.length, 7);
    assert.equal(rig.engine.describeConnection(rig.bots[0]?.connectionId ?? '')?.why, null);
  });

  it('is the hold, where every setting is the same: one probe for all', async () => {
    let mended = false;
    const broken: Outcome = { kind: 'rejected', scope: 'connection', reason: 'connection_refused', detail: 'secret' };
    await open({
      bots: 3,
      channel: { account: () => 'one' },
      concurrency: 1,
      send: () => (mended ? accepted : broken),
    });
    const ids = await toAll(people(2));
    await rig.clock.advance(60_000);
    assert.ok(rig.sends.length <= 3 + 5, `${rig.sends.length} calls burnt`);
    mended = true;
    await rig.clock.advance(200_000);
    const logs = await Promise.all(ids.map((id, index) => rig.logs(rig.bots[index] ?? assert.fail(), id)));
    assert.deepEqual(
      logs.flat().map(({ state }) => state),
      people(6).map(() => 'delivered'),
    );
  });

  it('is the conversation, which holds up nobody else', async () => {
    const channel = { account: () => 'one', scopes, defaults: { perSecond: 1_000, concurrency: 10 } };
    await open({ bots: 2, channel });
    await toAll([...Array.from({ length: 7 }, (_, index) => `room/${index}`), ...people(50)]);
    await rig.clock.advance(900);
    const toRoom = () => rig.sends.filter(({ identity }) => identity.startsWith('room/'));
    assert.deepEqual([toRoom().length, rig.sends.length - toRoom().length], [2, 100]);
    await rig.clock.advance(180_000);
    assert.equal(toRoom().length, 14);
    assert.ok(mostWithin(1_000, toRoom()) <= 2);
    assert.ok(mostWithin(60_000, toRoom()) <= 10);
    assert.equal(new Set(toRoom().map(({ botId, identity }) => botId + identity)).size, 14, 'each once');
  });

  it('is not called by who was given the call, stood still, and is too late', async () => {
    const answer = Promise.withResolvers<Outcome>();
    await open({ kind: 'postgres', channel: { scopes }, send: () => answer.promise });
    await toAll(['room/1']);
    await rig.clock.advance(3_000);
    const { signal } = rig.sends[0] ?? assert.fail();
    lookOnceMore(signal);
    assert.equal(signal.aborted, false, 'it kept what it was given');
    const { reserveCalls } = rig.store;
    rig.store.reserveCalls = () => Promise.reject(new StoreUnavailable('who stands still asks nothing'));
    await rig.clock.advance(2_000);
    rig.store.reserveCalls = reserveCalls;
    await rig.clock.advance(500);
    assert.equal(signal.aborted, false, 'nobody has looked');
    lookOnceMore(signal);
    assert.equal(signal.aborted, true);
    answer.resolve(accepted);
  });

  it('is counted by every call of a send', async () => {
    const send = async (request: SendRequest) => {
      await request.nextCall();
      await request.nextCall();
      return accepted;
    };
    await open({ channel: { account: () => 'one', defaults: { perSecond: 10, concurrency: 10 } }, send });
    await toAll(people(20));
    await rig.clock.advance(3_000);
    assert.ok(rig.sends.length >= 8 && rig.sends.length <= 16, `${rig.sends.length}`);
    await rig.clock.advance(5_000);
    assert.equal(rig.sends.length, 20);
  });

  it('is switched off by a rate of 0, but not what the provider asks', async () => {
    let asked = 0;
    const send = (): Outcome =>
      ++asked === 1 ? { kind: 'busy', scope: 'recipient', retryAfterMs: 20_000, detail: '429' } : accepted;
    const channel = { account: () => 'one', scopes, defaults: { perSecond: 5, concurrency: 10 } };
    await open({ channel, perSecond: 0, concurrency: 1, send });
    await toAll(['room/1', 'room/2', ...people(30)]);
    await rig.clock.advance(1_000);
    assert.equal(rig.sends.length, 31, 'only the rest of the room waits');
    await rig.clock.advance(30_000);
    assert.equal(rig.sends.length, 33);
  });
});

describe('before and after a send', () => {
  let rig: EngineRig;
  afterEach(() => rig.close());

  async function open(
    options: RigOptions,
  ): Promise<(identities: readonly string[], more?: object) => Promise<string[]>> {
    rig = await openEngineRig(options);
    await rig.engine.start();
    const bot = rig.bots[0] ?? assert.fail();
    return async (identities, more = {}) => {
      const id = await rig.accept(bot, identities, more);
      await rig.clock.advance(1_000);
      return (await rig.logs(bot, id)).map(({ state, reason }) => reason ?? state);
    };
  }

  it('a message is inspected once for everybody, and one that is bad costs no call and no look-up', async () => {
    let inspections = 0;
    const inspect: NonNullable<Channel['inspect']> = () => {
      inspections += 1;
      return { reason: 'message_invalid', detail: 'blocks[2]: is too long' };
    };
    const say = await open({ channel: { inspect }, lookUp: () => assert.fail('nobody is looked up') });
    await rig.know(rig.bots[0] ?? assert.fail(), ['p0@x.org', 'p1@x.org']);
    assert.deepEqual(
      await say(people(4)),
      people(4).map(() => 'message_invalid'),
    );
    assert.deepEqual([inspections, rig.sends.length], [1, 0]);
  });

  it('an address that died, or whose owner said stop, is not written to again', async () => {
    const gone: Outcome = {
      kind: 'rejected',
      scope: 'recipient',
      reason: 'address_dead',
      detail: '550',
      silence: 'address_dead',
    };
    const send = ({ identity }: SendRequest) => (identity === 'p0@x.org' ? gone : accepted);
    const say = await open({ channel: { keepsSilence: true, addressing: 'identity' }, send });
    const bot = rig.bots[0] ?? assert.fail();
    assert.deepEqual(await say(people(2)), ['address_dead', 'delivered']);
    await rig.store.silence({
      ...bot,
      entries: [{ identity: 'P1@x.org', reason: 'opted_out', detail: null, at: rig.clock.now() }],
    });
    assert.deepEqual(await say(people(3)), ['address_dead', 'opted_out', 'delivered']);
    assert.equal(rig.sends.length, 3);
  });

  it('that an address works is noted once a day', async () => {
    const say = await open({});
    const bot = rig.bots[0] ?? assert.fail();
    await rig.know(bot, ['p0@x.org']);
    const marks: number[] = [];
    const { markWorked } = rig.store;
    rig.store.markWorked = (request) => {
      marks.push(request.addresses.length);
      return markWorked(request);
    };
    for (let time = 0; time < 3; time += 1) await say(['p0@x.org']);
    assert.deepEqual(marks, [1]);
    const known = await rig.store.resolve({ ...bot, identities: ['p0@x.org'] });
    assert.ok(known.get('p0@x.org')?.workedAt);
    const { botId, connectionId } = bot;
    const personId = known.get('p0@x.org')?.personId ?? '';
    await markWorked({ addresses: [{ botId, connectionId, personId }], at: rig.clock.now() - 24 * 3_600_000 });
    await say(['p0@x.org']);
    assert.deepEqual(marks, [1, 1]);
  });
});
