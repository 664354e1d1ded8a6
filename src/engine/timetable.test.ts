import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  accepted,
  type EngineRig,
  openEngineRig,
  type RigBot,
  type RigOptions,
} from '../../test/support/engine-rig.ts';
import type { Hours } from '../model/hours.ts';
import { derivedId } from '../model/ids.ts';
import type { Notification } from '../model/notification.ts';
import type { Options } from '../model/options.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Person } from '../model/person.ts';
import { offsetAt } from '../model/time-zone.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEP_MS = 5 * MINUTE;

/** The rig's clock begins on a Tuesday, 2023-11-14T22:13:20Z. */
const DAYTIME: Hours = { from: '08:00', until: '20:00', timeZone: 'person', fallbackTimeZone: 'UTC' };
const ZONES = ['Asia/Kolkata', 'Europe/Berlin', 'America/New_York', 'Pacific/Auckland', null];

interface Stage extends EngineRig {
  readonly bot: RigBot;
  /** Where the zone is null the directory has none. */
  meet(people: ReadonlyMap<string, string | null>): Promise<void>;
  /** Sends with options. */
  begin(identities: readonly string[], options: Options, more?: Partial<Notification>): Promise<string>;
  /** In UTC. What is under way comes to its end, and what waits for its time is walked past. */
  liveUntil(time: string): Promise<void>;
}

async function openStage(options: RigOptions, run: (stage: Stage) => Promise<void>): Promise<void> {
  const rig = await openEngineRig(options);
  const [bot] = rig.bots;
  assert.ok(bot);
  await rig.engine.start();
  const stage: Stage = {
    ...rig,
    bot,
    meet: (people) =>
      rig.store.upsertPeople({ people: [...people].map(([identity, zone]) => personOf(bot, identity, zone)) }),
    begin: (identities, asked, more = {}) =>
      rig.accept(bot, identities, { options: asked, expiresAt: rig.clock.now() + 3 * DAY, ...more }),
    async liveUntil(time) {
      const end = Date.parse(`${time}Z`);
      while (rig.clock.now() < end - STEP_MS) {
        await rig.clock.leap(STEP_MS - 200);
        await rig.clock.advance(200);
      }
      await rig.clock.leap(end - rig.clock.now());
    },
  };
  try {
    await run(stage);
  } finally {
    await rig.close();
  }
}

function personOf({ botId, connectionId }: RigBot, identity: string, timeZone: string | null): Person {
  const address = { channelId: `to:${identity}`, reference: null, channel: 'toy', connectionName: null, at: 1 };
  return {
    botId,
    id: derivedId('u', botId, identity),
    email: identity,
    upn: null,
    phone: null,
    identities: [],
    name: null,
    locale: null,
    timeZone,
    tags: [],
    attributes: {},
    addresses: [{ ...address, connectionId, source: 'import' }],
  };
}

/** Of somebody whose zone this is, or UTC. */
const hourOf = (zone: string | null, at: number): number => ((at + offsetAt(zone ?? 'UTC', at)) % DAY) / HOUR;
const isDaytime = (zone: string | null, at: number): boolean => hourOf(zone, at) >= 8 && hourOf(zone, at) < 20;

function crowd(count: number): Map<string, string | null> {
  return new Map(
    Array.from({ length: count }, (_, index) => [`p${index}@abc.com`, ZONES[index % ZONES.length] ?? null]),
  );
}

describe('hours', () => {
  it('are waited for in the time zone of each person; nobody is sent it outside them and nobody is dropped', () =>
    openStage({}, async ({ meet, begin, liveUntil, sends, logs, bot }) => {
      const people = crowd(250);
      await meet(people);
      const id = await begin([...people.keys()], { window: DAYTIME });
      await liveUntil('2023-11-15T22:00');
      assert.equal(sends.length, 250);
      for (const { identity, at } of sends) {
        const zone = people.get(identity) ?? null;
        assert.ok(isDaytime(zone, at), `${identity} in ${zone} at ${new Date(at).toISOString()}`);
      }
      const minutesLate = sends.map(({ identity, at }) => (hourOf(people.get(identity) ?? null, at) - 8) * 60);
      // Of whom it was night when it was accepted: in New York it was a quarter past five, in Auckland past eleven.
      const waited = minutesLate.filter((minutes) => minutes < 60);
      assert.equal(waited.length, 150);
      assert.ok(Math.max(...waited) < 6, `${Math.max(...waited)} minutes late, of which time leaps five`);
      const states = (await logs(bot, id)).map(({ state, attempts }) => `${state} ${attempts}`);
      assert.deepEqual(new Set(states), new Set(['delivered 1']));
    }));

  it('are claimed once before they begin and once when they do', () =>
    openStage({}, async ({ meet, begin, liveUntil, store, bot }) => {
      const people = crowd(100);
      await meet(people);
      const claims: number[] = [];
      const { claimDue } = store;
      Object.assign(store, {
        claimDue: async (request: Parameters<typeof claimDue>[0]) => {
          const batches = await claimDue(request);
          for (const { recipients } of batches) claims.push(recipients.length);
          return batches;
        },
      });
      await begin([...people.keys()], { window: DAYTIME });
      await liveUntil('2023-11-15T22:00');
      assert.deepEqual(claims, [100, 20, 20, 20], `of ${bot.botId}`);
    }));

  it('are kept when tries are repeated, however they fall', () => {
    let isUp = false;
    const send = (): Outcome =>
      isUp ? accepted : { kind: 'failed', reason: 'provider_error', detail: '503', retryAfterMs: MINUTE };
    return openStage({ send }, async ({ meet, begin, liveUntil, sends, logs, bot, clock }) => {
      await meet(new Map([['a@abc.com', 'UTC']]));
      const id = await begin(['a@abc.com'], { window: { ...DAYTIME, from: '03:00', until: '03:05' } });
      await liveUntil('2023-11-15T03:00');
      await clock.advance(10 * MINUTE);
      const tries = sends.length;
      assert.equal(tries, 5, 'a minute apart, in five minutes');
      isUp = true;
      await liveUntil('2023-11-16T03:00');
      await clock.advance(MINUTE);
      assert.equal(sends.length, tries + 1);
      for (const { at } of sends) assert.ok(hourOf(null, at) >= 3 && hourOf(null, at) < 3 + 5 / 60, String(at));
      assert.equal((await logs(bot, id))[0]?.state, 'delivered');
    });
  });

  it('end for whoever still waits for their turn', () =>
    openStage({ perSecond: 1, concurrency: 1 }, async ({ meet, begin, liveUntil, sends, logs, bot, clock }) => {
      const people = new Map(Array.from({ length: 100 }, (_, index) => [`p${index}@abc.com`, 'UTC']));
      await meet(people);
      const id = await begin([...people.keys()], { window: { ...DAYTIME, from: '23:00', until: '23:01' } });
      await liveUntil('2023-11-14T23:00');
      await clock.advance(5 * MINUTE);
      const first = sends.length;
      assert.ok(first > 40 && first <= 70, `${first} in a minute of one a second`);
      await liveUntil('2023-11-15T23:00');
      await clock.advance(5 * MINUTE);
      for (const { at } of sends) assert.ok(hourOf(null, at) >= 23 && hourOf(null, at) < 23 + 1 / 60, String(at));
      assert.deepEqual([sends.length, (await logs(bot, id)).length], [100, 100]);
      assert.equal(new Set(sends.map(({ seq }) => seq)).size, 100);
    }));

  it('that begin too late are told at once, with when that is', () =>
    openStage({}, async ({ meet, begin, sends, logs, bot, clock }) => {
      await meet(
        new Map([
          ['a@abc.com', 'Asia/Kolkata'],
          ['b@abc.com', 'America/New_York'],
        ]),
      );
      const id = await begin(['a@abc.com', 'b@abc.com'], { window: DAYTIME }, { expiresAt: clock.now() + HOUR });
      await clock.advance(1_000);
      assert.deepEqual(
        sends.map(({ identity }) => identity),
        ['b@abc.com'],
      );
      const [log] = (await logs(bot, id)).filter(({ state }) => state !== 'delivered');
      assert.partialDeepStrictEqual(log, {
        identity: 'a@abc.com',
        state: 'expired',
        reason: 'window_missed',
        detail: 'the next time for it begins at 2023-11-15T02:30:00.000Z',
        attempts: 0,
        maybeDoubled: false,
      });
    }));

  it('that were missed while everything stood still are over: nothing stale is sent', () =>
    openStage({}, async ({ meet, begin, sends, logs, bot, clock }) => {
      await meet(new Map([['a@abc.com', 'Asia/Kolkata']]));
      const id = await begin(['a@abc.com'], { window: DAYTIME }, { expiresAt: clock.now() + 12 * HOUR });
      await clock.advance(1_000);
      assert.deepEqual(await logs(bot, id), []);
      await clock.leap(12 * HOUR);
      await clock.advance(1_000);
      assert.equal(sends.length, 0);
      assert.partialDeepStrictEqual(await logs(bot, id), [{ state: 'expired', reason: 'expired', attempts: 0 }]);
    }));

  it('cost nobody anything who has none', () =>
    openStage({}, async ({ meet, begin, accept, bot, store, clock, sends }) => {
      await meet(crowd(5));
      const asked: unknown[] = [];
      const { resolve } = store;
      Object.assign(store, {
        resolve: (request: Parameters<typeof resolve>[0]) => {
          asked.push(request.about);
          return resolve(request);
        },
      });
      await accept(bot, ['p0@abc.com']);
      await begin(['p1@abc.com'], { window: { ...DAYTIME, from: '00:00', until: '24:00', timeZone: 'UTC' } });
      await clock.advance(1_000);
      assert.deepEqual([new Set(asked), sends.length], [new Set([undefined]), 2]);
    }));
});

describe('sendAt', () => {
  it('is kept even if a batch comes to hand before it, and what is given up counts from it', () =>
    openStage({}, async ({ begin, know, sends, clock, bot, logs }) => {
      await know(bot, ['a@abc.com']);
      const sendAt = clock.now() + 2 * HOUR;
      const id = await begin(['a@abc.com'], { sendAt }, { lane: 'urgent' });
      await clock.leap(2 * HOUR - 1_000);
      await clock.advance(999);
      assert.equal(sends.length, 0);
      await clock.advance(1_000);
      assert.equal(sends.length, 1);
      assert.ok((sends[0]?.at ?? 0) >= sendAt);
      assert.equal(sends[0]?.createdAt, sendAt);
      assert.equal((await logs(bot, id))[0]?.state, 'delivered');
    }));
});
