import type { SendRequest } from '../channels/contract.ts';
import { messageId } from '../model/ids.ts';
import type { Message } from '../model/message.ts';
import type { Address } from '../model/outcome.ts';
import { startOf } from '../model/timing.ts';
import type { Send } from './send.ts';

/** What a channel is handed for one send. A class, for one is made for every send and an object with a getter of its own costs a kilobyte. */
export class Outgoing implements SendRequest {
  readonly notificationId: string;
  readonly seq: number;
  readonly botId: string;
  readonly identity: string;
  readonly address: Address;
  readonly message: Message;
  readonly createdAt: number;
  declare readonly category?: string;
  declare readonly traceparent?: string;
  readonly signal: AbortSignal;
  readonly #send: Send;
  readonly #nextCall: (send: Send) => Promise<void>;

  constructor(send: Send, nextCall: (send: Send) => Promise<void>) {
    const { job, flight } = send;
    const { notification } = job.work;
    this.notificationId = notification.id;
    this.seq = job.recipient.seq;
    this.botId = notification.botId;
    this.identity = job.recipient.identity;
    this.address = job.address;
    this.message = job.message;
    this.createdAt = startOf(notification);
    this.signal = flight.abort.signal;
    this.#send = send;
    this.#nextCall = nextCall;
    const category = notification.options?.category;
    const traceparent = traceOf(send);
    if (category !== undefined) this.category = category;
    if (traceparent !== undefined) this.traceparent = traceparent;
  }

  /** Derived only where a provider takes it: Teams and Slack do not, and a hash costs as much as the rest of this. */
  get key(): string {
    return messageId(this.notificationId, this.seq);
  }

  nextCall(): Promise<void> {
    return this.#nextCall(this.#send);
  }
}

const traceOf = ({ span, job: { work } }: Send): string | undefined =>
  span?.traceparent ?? work.span?.traceparent ?? work.notification.options?.trace;
