import { after } from 'node:test';
import { type Clock, systemClock } from '../model/clock.ts';
import { messageId } from '../model/ids.ts';
import type { JsonObject } from '../model/json.ts';
import type { Address, Outcome } from '../model/outcome.ts';
import type { Connection } from '../model/tenancy.ts';
import type { Channel, ChannelSession, SendRequest } from './contract.ts';
import type { OutboundCall } from './outbound.ts';
import { createOutbound } from './outbound-http.ts';

/** One open connection of a channel, for tests. What it sends goes over the wire, and is written down. */
export interface Desk {
  readonly session: ChannelSession;
  readonly connection: Connection;
  readonly calls: readonly DeskCall[];
  send(request?: Partial<SendRequest>): Promise<Outcome>;
  close(): Promise<void>;
}

/** Whose recipients the desk writes to. */
export const NOTIFICATION_ID = 'ds-0c1f4ba4-5a05-5e0c-9e0e-6b1d3a2c4f10';

/** The connection that desks are opened for. */
export const CONNECTION_ID = 'dc-test';

/** A call as it went out; a body of bytes is written down in base64url. */
export interface DeskCall extends OutboundCall {
  readonly body: string | null;
}

export interface DeskOptions {
  readonly channel: Channel;
  readonly settings: JsonObject;
  readonly address: Address;
  readonly allowPrivateNetwork?: boolean;
  /** Sends in flight; null: the channel's default. */
  readonly concurrency?: number | null;
  readonly clock?: Clock;
  readonly publicUrl?: string | null;
}

export function openDesk({ channel, settings, address, ...more }: DeskOptions): Desk {
  const { allowPrivateNetwork = true, concurrency = null, clock = systemClock, publicUrl = null } = more;
  const wire = createOutbound();
  const calls: DeskCall[] = [];
  const outbound = {
    request(call: OutboundCall) {
      const { body } = call;
      calls.push({ ...call, body: body instanceof Uint8Array ? Buffer.from(body).toString('base64url') : body });
      return wire.request(call);
    },
    close: () => wire.close(),
  };
  const connection = {
    id: CONNECTION_ID,
    botId: 'st-test',
    channel: channel.id,
    name: channel.named ? 'Test' : null,
    settings,
    limits: { perSecond: null, concurrency },
    allowPrivateNetwork,
  };
  const session = channel.open(connection, { outbound, clock, random: () => 0.5, publicUrl });
  let sent = 0;
  return {
    session,
    connection,
    calls,
    send: (request = {}) =>
      session.send({
        key: messageId(NOTIFICATION_ID, sent),
        notificationId: NOTIFICATION_ID,
        seq: sent++,
        botId: connection.botId,
        identity: 'jane@example.com',
        address,
        message: { type: 'text', text: 'hello' },
        createdAt: clock.now(),
        signal: AbortSignal.timeout(5_000),
        nextCall: async () => {},
        ...request,
      }),
    async close() {
      await session.close();
      await outbound.close();
    },
  };
}

/** A desk that is closed after the tests of the file. */
export function openTestDesk(options: DeskOptions): Desk {
  const desk = openDesk(options);
  after(() => desk.close());
  return desk;
}

export interface TestClock extends Clock {
  advance(byMs: number): void;
}

/** Time that moves by hand; timers never fire by themselves. */
export function openTestClock(startAt = Date.UTC(2026, 10, 22, 12)): TestClock {
  let elapsedMs = 0;
  const timers = new Set<{ readonly at: number; readonly task: () => void }>();
  return {
    now: () => startAt + elapsedMs,
    monotonic: () => elapsedMs,
    after(delayMs, task) {
      const timer = { at: elapsedMs + delayMs, task };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(byMs) {
      elapsedMs += byMs;
      for (const timer of timers) {
        if (timer.at > elapsedMs) continue;
        timers.delete(timer);
        timer.task();
      }
    },
  };
}
