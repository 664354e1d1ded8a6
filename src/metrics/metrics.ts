import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Meter, RequestKind } from '../model/meter.ts';
import { LANES, type Lane } from '../model/notification.ts';

/** What is true at the moment somebody looks. Times in ms; rates in calls a second. */
export interface Present {
  readonly engine: {
    readonly batchesHeld: number;
    readonly waiting: number;
    readonly inFlight: number;
    readonly unrecorded: number;
  };
  readonly connections: readonly PresentConnection[];
  /** Null: the database did not answer. */
  readonly queue: {
    /** Recipients without an end, over all nodes. */
    readonly recipients: number;
    /** How long the batch that waits longest has been due, by lane; 0: none is. */
    readonly overdueMs: Readonly<Record<Lane, number>>;
  } | null;
}

export interface PresentConnection {
  readonly id: string;
  readonly channel: string;
  /** Null: no rate is kept to. */
  readonly allowed: number | null;
  readonly now: number | null;
  readonly pausedMs: number;
  readonly heldMs: number;
}

export interface Metrics {
  readonly meter: Meter;
  readonly contentType: string;
  /** In the text format of Prometheus. */
  render(present: Present): Promise<string>;
}

/** Providers answer within their deadline of 15 s, and most of them within one. */
const SEND_SECONDS = [0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15];
const REQUEST_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/**
 * Prometheus metrics, of this process but for `beckon_queue_*`, which every node reads from the database they share.
 * Labels are of closed sets (channels, states, reasons, route patterns, configured connections), so that their number
 * does not grow with what is sent.
 */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 10 });
  const gauge = <Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name, help, registers, labelNames });

  const recipients = new Counter({
    name: 'beckon_recipients_total',
    help: 'Recipients that came to their end by this process, once it was durable, sent to or not; reason is empty for delivered ones.',
    labelNames: ['channel', 'state', 'reason'],
    registers,
  });
  const sends = new Histogram({
    name: 'beckon_send_duration_seconds',
    help: 'Attempts at a provider, by what it answered.',
    labelNames: ['channel', 'outcome'],
    buckets: SEND_SECONDS,
    registers,
  });
  const leasesLost = new Counter({
    name: 'beckon_leases_lost_total',
    help: 'Batches that turned out to be the work of another process by now.',
    registers,
  });
  const requests = new Counter({
    name: 'beckon_http_requests_total',
    help: 'Requests answered, those turned away included; status is empty where the connection was refused.',
    labelNames: ['route', 'status'],
    registers,
  });
  const requestSeconds = new Histogram({
    name: 'beckon_http_request_duration_seconds',
    help: 'Time to the last byte of the answer; 429 and 503 are not among them.',
    labelNames: ['route'],
    buckets: REQUEST_SECONDS,
    registers,
  });
  const held = gauge('beckon_batches_held', 'Batches this process has leased.');
  const waiting = gauge('beckon_recipients_claimed', 'Recipients that are claimed and not yet being sent to.');
  const inFlight = gauge('beckon_sends_in_flight', 'Sends that wait for the provider.');
  const unrecorded = gauge('beckon_outcomes_unrecorded', 'Outcomes that are not durable yet; 500 at the most.');
  const queued = gauge('beckon_queue_recipients', 'Recipients without an end, over all nodes.');
  const overdue = gauge('beckon_queue_overdue_seconds', 'How long the longest waiting batch of a lane has been due.', [
    'lane',
  ]);
  const reachable = gauge('beckon_store_reachable', '1: the database answered when this was asked.');
  const connection = ['connection', 'channel'] as const;
  const rate = gauge('beckon_connection_rate_limit', 'Calls a second a connection is held to.', connection);
  const rateNow = gauge(
    'beckon_connection_rate_now',
    'What is used of it since the provider last slowed it.',
    connection,
  );
  const paused = gauge('beckon_connection_paused_seconds', 'How long the provider asked it to wait.', connection);
  const heldFor = gauge('beckon_connection_held_seconds', 'How long it is not called, for it fails.', connection);

  const meter: Meter = {
    ended({ channel }, logs) {
      const groups = Map.groupBy(logs, ({ state, reason }) => `${state} ${reason ?? ''}`);
      for (const [key, group] of groups) {
        const [state = '', reason = ''] = key.split(' ');
        recipients.inc({ channel, state, reason }, group.length);
      }
    },
    endedUnworked(ends) {
      for (const { channel, state, reason, count } of ends)
        recipients.inc({ channel, state, reason: reason ?? '' }, count);
    },
    attempted: (channel, outcome, seconds) => sends.observe({ channel, outcome }, seconds),
    leasesLost: (count) => leasesLost.inc(count),
    answered(request, seconds) {
      requests.inc(labelsOf(request));
      requestSeconds.observe({ route: request.route ?? 'unknown' }, seconds);
    },
    refused: (request, count) => requests.inc(labelsOf(request), count),
  };

  function show({ engine, connections, queue }: Present): void {
    held.set(engine.batchesHeld);
    waiting.set(engine.waiting);
    inFlight.set(engine.inFlight);
    unrecorded.set(engine.unrecorded);
    reachable.set(queue === null ? 0 : 1);
    for (const each of [queued, overdue, rate, rateNow, paused, heldFor]) each.reset();
    if (queue === null) queued.remove();
    else {
      queued.set(queue.recipients);
      for (const lane of LANES) overdue.set({ lane }, queue.overdueMs[lane] / 1_000);
    }
    for (const { id, channel, allowed, now, pausedMs, heldMs } of connections) {
      const labels = { connection: id, channel };
      if (allowed !== null) rate.set(labels, allowed);
      if (now !== null) rateNow.set(labels, now);
      paused.set(labels, pausedMs / 1_000);
      heldFor.set(labels, heldMs / 1_000);
    }
  }

  return {
    meter,
    contentType: registry.contentType,
    render(present) {
      show(present);
      return registry.metrics();
    },
  };
}

const labelsOf = ({ route, status }: RequestKind) => ({ route: route ?? 'unknown', status: status ?? '' });
