import { Type } from 'typebox';
import type { Channel, SendRequest } from '../../src/channels/contract.ts';
import type { Clock } from '../../src/model/clock.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import { seededRandom } from '../support/seed.ts';
import type { Node } from './node.ts';
import type { Oracle } from './oracle.ts';
import { type Draw, drawFrom, type Mood, type Scenario } from './scenario.ts';

/** The provider and the network before it: what it took is in the oracle's ledger, whatever became of the answer. */
export class FarSide {
  readonly #scenario: Scenario;
  readonly #clock: Clock;
  readonly #oracle: Oracle;
  readonly #draw: Draw;
  readonly #startsAt: number;

  constructor(scenario: Scenario, clock: Clock, oracle: Oracle) {
    this.#scenario = scenario;
    this.#clock = clock;
    this.#oracle = oracle;
    this.#startsAt = clock.now();
    this.#draw = drawFrom(seededRandom(scenario.seed ^ 0x5ea1));
  }

  /** The toy channel, as one process has it. */
  channelOf(node: Node): Channel {
    const { afterUnknown, isShared, windows } = this.#scenario.channel;
    return {
      id: 'toy',
      aliases: [],
      identityKey: 'email',
      addressing: 'identity',
      named: false,
      settings: Type.Object({}),
      defaults: { perSecond: null, concurrency: 4 },
      afterUnknown,
      ...(isShared ? { account: () => `everybody ${this.#scenario.seed}` } : {}),
      ...(windows.length > 0 ? { scopes: (_connection, { channelId }) => [{ key: channelId, windows }] } : {}),
      open: () => ({
        send: (request) => this.#send(node, request),
        check: async () => ({ ok: true, detail: '' }),
        close: async () => {},
      }),
    };
  }

  async #send(node: Node, request: SendRequest): Promise<Outcome> {
    this.#oracle.startSend(node, request);
    // Bytes that a process has not yet written when it is stopped leave when it goes on.
    if (this.#draw.chance(0.3)) await sleep(node.clock, this.#draw.integer(1, 20));
    const outcome = request.signal.aborted ? NOT_WRITTEN : await node.hear(this.#carry(node, request));
    this.#oracle.endSend(node, request, outcome);
    return outcome;
  }

  async #carry(node: Node, request: SendRequest): Promise<Outcome> {
    const mood = this.#moodFor(request);
    const abort = aborted(request.signal);
    const upMs = this.#latency();
    const isCut = await Promise.race([abort, sleep(this.#clock, upMs)]);
    // What was on its way when the process gave up may still arrive.
    if (isCut === CUT && this.#draw.chance(0.5)) return UNKNOWN;
    const isTaken = mood === 'accept' || mood === 'takeAndLoseAnswer' || mood === 'takeAndHang';
    this.#oracle.arrive(node, request, isTaken);
    if (isCut === CUT) return UNKNOWN;
    if (mood === 'hang' || mood === 'takeAndHang') return abort.then(() => UNKNOWN);
    const outcome = this.#answer(mood);
    return (await Promise.race([abort, sleep(this.#clock, this.#latency())])) === CUT ? UNKNOWN : outcome;
  }

  #moodFor({ message }: SendRequest): Mood | 'malformed' | 'outage' {
    if (message.type === 'text' && message.text === MALFORMED) return 'malformed';
    const { provider, calmAt } = this.#scenario;
    const at = this.#clock.now() - this.#startsAt;
    if (provider.outage !== null && at >= provider.outage.from && at < provider.outage.to) return 'outage';
    return at >= calmAt ? 'accept' : this.#draw.weighted(provider.weights);
  }

  #latency(): number {
    const isCalm = this.#clock.now() - this.#startsAt >= this.#scenario.calmAt;
    return this.#draw.integer(1, isCalm ? 5 : this.#scenario.provider.latencyMs);
  }

  #answer(mood: Mood | 'malformed' | 'outage'): Outcome {
    const { pick } = this.#draw;
    const detail = mood;
    switch (mood) {
      case 'accept':
        return { kind: 'accepted', providerMessageId: 'm-1' };
      case 'fail':
        return { kind: 'failed', reason: 'provider_error', detail };
      case 'failWithWait':
        return { kind: 'failed', reason: 'provider_error', detail, retryAfterMs: pick([500, 3_000, 9_000]) };
      case 'refuse':
        return { kind: 'rejected', scope: 'recipient', reason: 'unreachable_recipient', detail };
      case 'malformed':
        return { kind: 'rejected', scope: 'message', reason: 'message_invalid', detail };
      case 'outage':
        return { kind: 'rejected', scope: 'connection', reason: 'connection_refused', detail };
      case 'busyRecipient':
        return { kind: 'busy', scope: 'recipient', retryAfterMs: pick([700, 2_500, 12_000]), detail };
      case 'busyConnection':
        return { kind: 'busy', scope: 'connection', retryAfterMs: pick([700, 2_500, 12_000]), detail };
      case 'busyVaguely':
        return { kind: 'busy', scope: pick(['recipient', 'connection']), retryAfterMs: null, detail };
      case 'takeAndLoseAnswer':
      case 'loseRequest':
      case 'hang':
      case 'takeAndHang':
        return UNKNOWN;
    }
  }
}

/** A notification with this text is refused whoever it goes to. */
export const MALFORMED = 'malformed';

const CUT = 'cut';
const UNKNOWN: Outcome = { kind: 'unknown', reason: 'answer_lost', detail: 'no answer' };
const NOT_WRITTEN: Outcome = { kind: 'failed', reason: 'provider_unreachable', detail: 'nothing was written' };

const sleep = (clock: Clock, ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));

const aborted = (signal: AbortSignal) =>
  new Promise<typeof CUT>((resolve) => {
    if (signal.aborted) resolve(CUT);
    else signal.addEventListener('abort', () => resolve(CUT), { once: true });
  });
