import type { Route } from '../model/fall-back.ts';
import { BATCH_SIZE, type Recipient } from '../model/notification.ts';
import type { AcceptRequest, WrittenAcceptRequest, WrittenBatch } from './port/acceptance.ts';

/** Cuts the recipients into batches, as they are stored. */
export function writeRecipients(request: AcceptRequest | WrittenAcceptRequest): WrittenAcceptRequest {
  if ('batches' in request) return request;
  const { recipients, connectionOf, ...rest } = request;
  const ahead = request.notification.options?.canary?.recipients ?? 0;
  if (connectionOf === undefined) {
    const follower = ahead === 0 ? undefined : recipients[ahead];
    return { ...rest, batches: writeBatches(recipients, ahead), ...(follower && { heldFrom: follower.seq }) };
  }
  const groups = [...Map.groupBy(recipients, connectionOf)];
  const batches = groups.flatMap(([connectionId, group]) =>
    writeBatches(group, 0).map((batch) => ({ ...batch, connectionId })),
  );
  return { ...rest, batches };
}

/** The first `ahead` go ahead of the others: no batch is of both. */
export function writeBatches(recipients: readonly Recipient[], ahead: number): WrittenBatch[] {
  const batches: WrittenBatch[] = [];
  for (let from = 0; from < recipients.length; ) {
    const size = from < ahead ? Math.min(BATCH_SIZE, ahead - from) : BATCH_SIZE;
    const batch = recipients.slice(from, from + size);
    batches.push({ batchNo: firstSeq(batch), recipients: encodeRecipients(batch) });
    from += batch.length;
  }
  return batches;
}

export function firstSeq(recipients: readonly Recipient[]): number {
  const [first] = recipients;
  if (first === undefined) throw new RangeError('a batch needs a recipient');
  return first.seq;
}

/**
 * Recipients of a batch as one JSON value: `[seq, identity]`, longer only where there is more to say
 * (`[seq, identity, attempts, maybeSent, customMessage, parameters, printed, route, earlier]`). Short because 100 of them are one row.
 */
export function encodeRecipients(recipients: readonly Recipient[]): string {
  return JSON.stringify(recipients.map(encodeRecipient));
}

function encodeRecipient(recipient: Recipient): unknown[] {
  const { seq, identity, attempts, maybeSent, customMessage, parameters, printed, route, earlier } = recipient;
  if (earlier !== undefined) {
    const rest = [customMessage, parameters, printed ?? null, route ?? null, earlier];
    return [seq, identity, attempts, maybeSent ? 1 : 0, ...rest];
  }
  if (route !== undefined) {
    return [seq, identity, attempts, maybeSent ? 1 : 0, customMessage, parameters, printed ?? null, route];
  }
  if (printed !== undefined) return [seq, identity, attempts, maybeSent ? 1 : 0, customMessage, parameters, printed];
  if (customMessage !== null || parameters !== null) {
    return [seq, identity, attempts, maybeSent ? 1 : 0, customMessage, parameters];
  }
  return attempts === 0 && !maybeSent ? [seq, identity] : [seq, identity, attempts, maybeSent ? 1 : 0];
}

type Encoded = [
  number,
  string,
  number?,
  (0 | 1)?,
  (string | null)?,
  (Record<string, string> | null)?,
  (string | null)?,
  (Route | null)?,
  number?,
];

export function decodeRecipients(value: string): Recipient[] {
  // Written by encodeRecipients only, inside the same transaction as its batch.
  const entries: Encoded[] = JSON.parse(value);
  return entries.map(
    ([
      seq,
      identity,
      attempts = 0,
      maybeSent = 0,
      customMessage = null,
      parameters = null,
      printed,
      route,
      earlier,
    ]) => ({
      seq,
      identity,
      customMessage,
      parameters,
      attempts,
      maybeSent: maybeSent === 1,
      ...(printed === undefined || printed === null ? {} : { printed }),
      ...(route === undefined || route === null ? {} : { route }),
      ...(earlier === undefined ? {} : { earlier }),
    }),
  );
}
