import { createServer, type Socket } from 'node:net';
import type { Clock } from '../../model/clock.ts';
import { Delays } from '../delays.ts';
import type { Fault, FaultBook } from '../faults.ts';
import type { Ledger } from '../ledger.ts';
import { portOf, startServer } from '../listener.ts';
import type { Stats } from '../stats.ts';
import type { Watchers } from '../watchers.ts';
import { Conversation, type Envelope, type Step } from './conversation.ts';
import { fromBytes, readMail } from './read-mail.ts';
import { reply } from './reply-writer.ts';
import { scriptOf } from './scripts.ts';

export interface RelayParts {
  readonly host: string;
  readonly port: number;
  readonly credentials: { readonly user: string; readonly password: string };
  readonly ledger: Ledger;
  readonly faults: FaultBook;
  readonly stats: Stats;
  readonly watchers: Watchers;
  readonly clock: Clock;
}

/** A mail relay that keeps what it takes. Speaks SMTP with log-in and pipelining, without TLS. */
export interface SmtpRelay {
  readonly port: number;
  /** Forgets whom it greylisted. */
  reset(): void;
  /** Cuts every connection; resolves when the port is free. */
  close(): Promise<void>;
}

export async function openSmtp(parts: RelayParts): Promise<SmtpRelay> {
  const { host, credentials, ledger, faults, stats, watchers } = parts;
  const delays = new Delays(parts.clock);
  const sockets = new Set<Socket>();
  const seen = new Set<string>();
  let queued = 0;

  const server = createServer({ noDelay: true }, receive);
  await startServer(server, host, parts.port);
  return { port: portOf(server), reset: () => seen.clear(), close };

  function receive(socket: Socket): void {
    stats.connected();
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    const conversation = new Conversation(socket, {
      credentials,
      deliver,
      isNew,
      answer: (step) => answer(socket, step),
    });
    // A client that breaks off ends its conversation; there is nobody left to tell.
    conversation
      .hold()
      .catch(() => {})
      .finally(() => socket.end());
  }

  async function answer(socket: Socket, step: Step): Promise<boolean> {
    const tally = stats.began('smtp', step.route);
    watchers.notify();
    let code: number | null = null;
    try {
      code = await reply(socket, () => step.run(), faultOf(step), delays);
    } finally {
      stats.ended(tally, code);
      watchers.notify();
    }
    return socket.writable;
  }

  function faultOf({ route, recipient }: Step): Fault | null {
    const fault = faults.strike({ provider: 'smtp', route, recipient });
    if (fault !== null || recipient === null || route !== 'send') return fault;
    return scriptOf(recipient).drops ? { kind: 'reset', processed: true } : null;
  }

  function deliver({ sender, recipients }: Envelope, raw: string): string {
    const { messageId: key, subject, text } = readMail(raw);
    const messageId = `SB${++queued}`;
    for (const recipient of recipients) {
      ledger.record({
        provider: 'smtp',
        action: 'send',
        recipient,
        conversation: sender,
        key,
        messageId,
        text: text === null ? subject : `${subject}\n\n${text}`,
        signature: null,
        body: fromBytes(raw),
      });
    }
    return messageId;
  }

  function isNew(sender: string, recipient: string): boolean {
    const pair = `${sender} ${recipient}`;
    if (seen.has(pair)) return false;
    seen.add(pair);
    return true;
  }

  async function close(): Promise<void> {
    delays.close();
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
