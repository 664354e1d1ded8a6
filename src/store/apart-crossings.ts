import type { Log } from '../model/notification.ts';
import type { Verb } from './apart-messages.ts';
import type { AcceptRequest } from './port/acceptance.ts';
import type { AddChunk } from './port/audiences.ts';
import type { Resolved } from './port/directory.ts';
import type { BatchProgress, CheckpointRequest, ClaimedBatch } from './port/work.ts';
import { decodeRecipients, encodeRecipients, writeRecipients } from './recipients.ts';

/** How something crosses between threads. A copy of a thousand objects costs several times what a copy of a text does. */
interface Crossing {
  pack(value: unknown): unknown;
  unpack(packed: unknown): unknown;
}

/** Both sides of the crossing are here: what is unpacked is what was packed. */
const crossing = <Whole, Packed>(pack: (value: Whole) => Packed, unpack: (packed: Packed) => Whole): Crossing => ({
  pack: (value) => pack(value as Whole),
  unpack: (packed) => unpack(packed as Packed),
});

type Listed<T> = Omit<T, 'recipients'> & { readonly recipients: string };

/** As they are stored: a store takes them like this as well. */
const accept: Crossing = { pack: (request) => writeRecipients(request as AcceptRequest), unpack: (packed) => packed };

const claimed = crossing<ClaimedBatch[], Listed<ClaimedBatch>[]>(
  (batches) => batches.map((batch) => ({ ...batch, recipients: encodeRecipients(batch.recipients) })),
  (packed) => packed.map((batch) => ({ ...batch, recipients: decodeRecipients(batch.recipients) })),
);

const chunk = crossing<AddChunk, Listed<AddChunk>>(
  (request) => ({ ...request, recipients: encodeRecipients(request.recipients) }),
  (packed) => ({ ...packed, recipients: decodeRecipients(packed.recipients) }),
);

type PackedProgress = Omit<BatchProgress, 'logs'> & { readonly logs: string };

const checkpoint = crossing<CheckpointRequest, { again: boolean; batches: PackedProgress[] }>(
  ({ again, batches }) => ({ again, batches: batches.map((one) => ({ ...one, logs: encodeLogs(one.logs) })) }),
  ({ again, batches }) => ({ again, batches: batches.map((one) => ({ ...one, logs: decodeLogs(one.logs) })) }),
);

type LogTuple = [
  Log['seq'],
  Log['identity'],
  Log['state'],
  Log['reason'],
  Log['detail'],
  Log['personId'],
  Log['channelId'],
  Log['providerMessageId'],
  Log['attempts'],
  Log['maybeDoubled'],
  Log['at'],
  NonNullable<Log['route']> | null,
];

const encodeLogs = (logs: readonly Log[]): string =>
  JSON.stringify(
    logs.map(
      (log): LogTuple => [
        log.seq,
        log.identity,
        log.state,
        log.reason,
        log.detail,
        log.personId,
        log.channelId,
        log.providerMessageId,
        log.attempts,
        log.maybeDoubled,
        log.at,
        log.route ?? null,
      ],
    ),
  );

function decodeLogs(text: string): Log[] {
  const tuples: LogTuple[] = JSON.parse(text);
  return tuples.map(
    ([
      seq,
      identity,
      state,
      reason,
      detail,
      personId,
      channelId,
      providerMessageId,
      attempts,
      maybeDoubled,
      at,
      route,
    ]): Log => ({
      seq,
      identity,
      state,
      reason,
      detail,
      personId,
      channelId,
      providerMessageId,
      attempts,
      maybeDoubled,
      at,
      ...(route === null ? {} : { route }),
    }),
  );
}

type ResolvedTuple = [
  string,
  Resolved['personId'],
  Resolved['workedAt'],
  // Null where there is no address and something follows.
  ...([] | [string | null, Reference] | [string | null, Reference, NonNullable<Resolved['about']>]),
];
type Reference = NonNullable<Resolved['address']>['reference'];

const resolved = crossing<Map<string, Resolved>, string>(
  (known) => JSON.stringify(Array.from(known, toTuple)),
  (text) => {
    const tuples: ResolvedTuple[] = JSON.parse(text);
    return new Map(tuples.map(ofTuple));
  },
);

function toTuple([identity, { personId, workedAt, address, about }]: [string, Resolved]): ResolvedTuple {
  const channelId = address?.channelId ?? null;
  const reference = address?.reference ?? null;
  if (about !== undefined) return [identity, personId, workedAt, channelId, reference, about];
  return address === null ? [identity, personId, workedAt] : [identity, personId, workedAt, channelId, reference];
}

function ofTuple(tuple: ResolvedTuple): [string, Resolved] {
  const [identity, personId, workedAt, channelId = null, reference = null, about] = tuple;
  const address = channelId === null ? null : { channelId, reference };
  return [identity, { personId, address, workedAt, ...(about && { about }) }];
}

const AS_IT_IS: Crossing = { pack: (value) => value, unpack: (packed) => packed };
const QUESTIONS: Partial<Record<Verb, Crossing>> = { accept, addChunk: chunk, checkpoint };
const ANSWERS: Partial<Record<Verb, Crossing>> = { claimDue: claimed, resolve: resolved };

export const questionOf = (verb: Verb): Crossing => QUESTIONS[verb] ?? AS_IT_IS;
export const answerOf = (verb: Verb): Crossing => ANSWERS[verb] ?? AS_IT_IS;
