import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import type { Channel, SendRequest } from '../src/channels/contract.ts';
import { Engine } from '../src/engine/engine.ts';
import type { Random } from '../src/model/clock.ts';
import { cameLate } from '../src/model/fall-back.ts';
import { connectionId, derivedId } from '../src/model/ids.ts';
import type { Notification } from '../src/model/notification.ts';
import type { Outcome } from '../src/model/outcome.ts';
import type { Connection } from '../src/model/tenancy.ts';
import { openStore } from '../src/store/open.ts';
import type { LedgerLine, NotificationKey } from '../src/store/port/notifications.ts';
import type { Store } from '../src/store/port.ts';
import { Node } from './simulation/node.ts';
import { seededRandom } from './support/seed.ts';
import { VirtualClock } from './support/virtual-clock.ts';

/*
 * Real engines over one store, which crash and take over from each other, and two providers that refuse, lose answers and
 * tell late what arrived. What the providers took is the truth that everything is held against.
 */

const SEEDS = 6;
const RECIPIENTS = 12;
const WITHIN_MS = 8_000;
const LEASE_MS = 4_000;
const LATEST_RECEIPT_MS = 2.5 * WITHIN_MS;
const PATIENCE_MS = 900_000;
const STEP_MS = 5_000;

const botId = derivedId('st', 'fall-back property');
const CONNECTIONS = [null, 'second'].map(
  (name): Connection => ({
    id: connectionId(botId, 'toy', name),
    botId,
    channel: 'toy',
    name,
    settings: {},
    limits: { perSecond: null, concurrency: 4 },
    allowPrivateNetwork: false,
  }),
);
const [FIRST, SECOND] = CONNECTIONS.map(({ id }) => id);

interface Story {
  /** When each provider took the message, in the order of the channels. */
  readonly taken: readonly [number[], number[]];
  /** When a process heard that the first had taken it. */
  acceptedAt: number | null;
  /** When the store knew that it had arrived. */
  arrivedAt: number | null;
}

interface Ending {
  readonly violations: readonly string[];
  readonly lines: readonly LedgerLine[];
  readonly stories: readonly Story[];
}

async function live(seed: number, onUnknown: boolean): Promise<Ending> {
  const random = seededRandom(seed);
  const clock = new VirtualClock();
  const store = await openStore('sqlite::memory:', { clock });
  const notification = notificationAt(clock.now(), seed, onUnknown);
  const key = { botId, notificationId: notification.id };
  const violations: string[] = [];
  const stories = Array.from(
    { length: RECIPIENTS },
    (): Story => ({ taken: [[], []], acceptedAt: null, arrivedAt: null }),
  );

  const tellArrival = async (seq: number, story: Story) => {
    const receipt = { seq, state: 'delivered', at: clock.now(), reason: null, detail: null } as const;
    const receipts = [{ ...receipt, notificationId: notification.id }];
    await store.recordReceipts({ botId, connectionId: FIRST ?? '', receipts });
    story.arrivedAt = clock.now();
  };
  const judgeSecond = (seq: number, story: Story) => {
    if (story.taken[0].length === 0) return;
    const { acceptedAt, arrivedAt } = story;
    if (acceptedAt === null || clock.now() < acceptedAt + WITHIN_MS)
      violations.push(`${seq} is sent the second too early`);
    // Somebody may have looked before the receipt came, and sends for as long as the claim is good.
    if (arrivedAt !== null && arrivedAt < clock.now() - LEASE_MS)
      violations.push(`${seq} is sent the second and had it`);
  };

  const send = async (node: Node, through: string, { seq, signal }: SendRequest): Promise<Outcome> => {
    const story = stories[seq];
    assert.ok(story);
    const isFirst = through === FIRST;
    if (!isFirst) judgeSecond(seq, story);
    const mood = random();
    const carried = (async (): Promise<Outcome> => {
      await sleep(clock, random() * 1_500);
      if (mood < 0.3) return refused;
      if (mood < 0.4) return failed;
      if (mood < 0.45) return lost;
      story.taken[isFirst ? 0 : 1].push(clock.now());
      if (isFirst && random() < 0.6) {
        clock.after(random() * LATEST_RECEIPT_MS, () => void tellArrival(seq, story));
      }
      if (mood < 0.55) return lost;
      await sleep(clock, random() * 500);
      return { kind: 'accepted', providerMessageId: 'm-1' };
    })();
    const outcome = await node.hear(carried);
    if (signal.aborted) return lost;
    if (isFirst && outcome.kind === 'accepted') story.acceptedAt ??= clock.now();
    return outcome;
  };

  const nodes: Node[] = [];
  const launch = async () => {
    const node = new Node(`n${nodes.length}`, clock);
    nodes.push(node);
    await engineOf(node, storeOf(node, store), random, (through, request) => send(node, through, request)).start();
  };
  await store.accept({ notification, recipients: recipients(), delayMs: 0, idempotency: null });
  await launch();
  await launch();
  for (let crashes = 0; crashes < 4; crashes += 1) {
    await clock.advance(random() * 6_000);
    nodes.find(({ state }) => state === 'up')?.die();
    await launch();
  }
  for (let waited = 0; waited < PATIENCE_MS && !(await isOver(store, key)); waited += STEP_MS)
    await clock.advance(STEP_MS);
  await clock.advance(LATEST_RECEIPT_MS);
  for (const node of nodes) node.die();

  const filter = { states: null, reasons: null, identity: null, prefix: null };
  const lines = await store.listLedger({ ...key, afterSeq: -1, untilSeq: RECIPIENTS, limit: RECIPIENTS + 1, filter });
  const counts = (await store.findNotification(key))?.counts;
  if (counts?.pending !== 0 || lines.length !== RECIPIENTS) violations.push(`${counts?.pending} never end`);
  for (const line of lines) {
    const story = stories[line.log.seq];
    if (story !== undefined) violations.push(...judge(line, story));
  }
  await store.close();
  return { violations, lines, stories };
}

const isOver = async (store: Store, key: NotificationKey): Promise<boolean> =>
  (await store.findNotification(key))?.counts.pending === 0;

function judge({ log, receipt }: LedgerLine, { taken, arrivedAt }: Story): string[] {
  const [first, second] = taken.map((times) => times.length);
  const step = log.route?.step ?? 0;
  const isToldLeft = log.route?.tried.some((tried) => tried.step === 0 && tried.reason === 'no_receipt') === true;
  const faults = {
    'is delivered by a channel that never took it': log.state === 'delivered' && taken[step === 0 ? 0 : 1].length === 0,
    'was taken twice by one channel, and nobody is told': Math.max(first ?? 0, second ?? 0) > 1 && !log.maybeDoubled,
    'was taken by both, and nobody is told': first !== 0 && second !== 0 && !log.maybeDoubled && !isToldLeft,
    'came late, and nobody is told': step === 1 && arrivedAt !== null && !cameLate(receipt, step),
    'was taken, and nobody is told':
      (first !== 0 || second !== 0) && log.state === 'failed' && !log.maybeDoubled && !isToldLeft,
  };
  return Object.entries(faults).flatMap(([fault, isSo]) =>
    isSo ? [`${log.seq} ${fault}: ${JSON.stringify(log)}`] : [],
  );
}

test('nobody is sent it on the second channel before the first has failed or its receipt is overdue', async (t) => {
  const seen = { first: 0, second: 0, both: 0, kept: 0, late: 0 };
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { violations, lines, stories } = await live(seed, false);
    assert.deepEqual(violations, [], `seed ${seed}`);
    for (const { log, receipt } of lines) {
      const { taken: [first, second] = [[], []] } = stories[log.seq] ?? {};
      seen[log.route?.step === 1 ? 'second' : 'first'] += 1;
      if (first.length > 0 && second.length > 0) seen.both += 1;
      if (log.route?.step === 0) seen.kept += 1;
      if (cameLate(receipt, log.route?.step ?? 0)) seen.late += 1;
    }
  }
  t.diagnostic(JSON.stringify(seen));
  for (const [what, count] of Object.entries(seen)) assert.ok(count > 0, `${what} never happened`);
});

test('where the sender takes the risk, somebody is sent it early (negative control)', async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { violations } = await live(seed, true);
    if (violations.some((violation) => violation.includes('too early'))) return;
  }
  assert.fail('the property never fails');
});

const refused: Outcome = { kind: 'rejected', scope: 'recipient', reason: 'unreachable_recipient', detail: 'no' };
const failed: Outcome = { kind: 'failed', reason: 'provider_error', detail: 'HTTP 503' };
const lost: Outcome = { kind: 'unknown', reason: 'answer_lost', detail: 'reset' };

const sleep = (clock: VirtualClock, ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));

/** What a process that died asks still happens; it hears no answer. */
function storeOf(node: Node, store: Store): Store {
  const verbs = Object.entries(store).map(([verb, run]) => [
    verb,
    typeof run === 'function' && verb !== 'onWake' && verb !== 'onEnded' && verb !== 'close'
      ? (...args: unknown[]) => node.hear(Promise.resolve(Reflect.apply(run, store, args)))
      : run,
  ]);
  return { ...Object.fromEntries(verbs), kind: 'postgres' };
}

function engineOf(
  { clock }: Node,
  store: Store,
  random: Random,
  send: (through: string, request: SendRequest) => Promise<Outcome>,
): Engine {
  const channel: Channel = {
    id: 'toy',
    aliases: [],
    identityKey: 'email',
    addressing: 'identity',
    named: true,
    settings: Type.Object({}),
    defaults: { perSecond: null, concurrency: 4 },
    afterUnknown: 'retry',
    open: ({ id }) => ({
      send: (request) => send(id, request),
      check: async () => ({ ok: true, detail: '' }),
      close: async () => {},
    }),
  };
  const silent = () => {};
  return new Engine({
    store,
    tenancy: {
      callLimits: { perMinute: 0, perHour: 0 },
      retention: () => ({}),
      app: () => null,
      bot: () => null,
      bots: () => [{ id: botId, name: 'Bot' }],
      connections: () => CONNECTIONS,
      connection: () => null,
      connectionById: (id) => CONNECTIONS.find((connection) => connection.id === id) ?? null,
    },
    findChannel: () => channel,
    tools: { outbound: { request: () => assert.fail(), close: async () => {} }, clock, random, publicUrl: null },
    renderer: { render: () => assert.fail('no script was expected'), close: async () => {} },
    clock,
    random,
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    leaseMs: LEASE_MS,
  });
}

const recipients = () =>
  Array.from({ length: RECIPIENTS }, (_, seq) => ({
    seq,
    identity: `p${seq}@x.org`,
    customMessage: null,
    parameters: null,
    attempts: 0,
    maybeSent: false,
  }));

const notificationAt = (now: number, seed: number, onUnknown: boolean): Notification => ({
  botId,
  id: derivedId('ds', `fall-back property ${seed} ${onUnknown}`),
  api: 'native',
  appId: 'cs-1',
  createdBy: 'u-1',
  channel: 'toy',
  channelSpelling: 'toy',
  connectionId: FIRST ?? '',
  resolve: true,
  lane: 'urgent',
  message: { type: 'text', text: 'Hello' },
  total: RECIPIENTS,
  createdAt: now,
  expiresAt: now + 86_400_000,
  options: {
    fallBacks: [
      {
        channel: 'toy',
        channelSpelling: 'toy',
        connectionId: SECOND ?? '',
        message: null,
        on: ['failure', 'no_address', 'no_receipt'],
        receiptWithinMs: WITHIN_MS,
        onUnknown,
      },
    ],
  },
});
