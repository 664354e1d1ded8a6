import { createHash, type Hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { MAX_CHUNK_RECIPIENTS, MAX_CHUNKS } from '../../../model/audience.ts';
import type { AuditEntry } from '../../../model/audit.ts';
import { SCOPE_SEND } from '../../../model/tenancy.ts';
import type { Audience } from '../../../store/port/audiences.ts';
import type { NotificationKey } from '../../../store/port/notifications.ts';
import type { BoundedBacklog } from '../../accept/bounded-backlog.ts';
import type { ChannelCatalog } from '../../accept/channel-catalog.ts';
import { auditOf } from '../../contract/audit-of.ts';
import { BOT_ID, COUNT, closed, NOTHING, NOTIFICATION_ID, nullable } from '../../contract/fields.ts';
import { OF_BODIES, type Operation, PROBLEM } from '../../contract/operation.ts';
import { Fault } from '../../faults.ts';
import { FewAtOnce } from '../../few-at-once.ts';
import { mediaTypeOf, requirePlainUtf8 } from '../../media-type.ts';
import { problemOf } from '../../problems.ts';
import type { NativeContext } from '../context.ts';
import { FORMATS_BY_TYPE } from '../export-stream.ts';
import { keyOfRoute, type OfNotification } from '../find-notification.ts';
import { findNamed } from '../named-template.ts';
import { useUpload } from '../upload.ts';
import { type ReadChunk, readChunk } from './read-chunk.ts';

/** Held in memory, parsed, until all of it is there. */
const MAX_CHUNK_BYTES = 4 * 1024 * 1024;

export interface AddChunkParts extends Pick<NativeContext, 'store' | 'clock'> {
  readonly catalog: ChannelCatalog;
  readonly backlog: Pick<BoundedBacklog, 'assertRoom' | 'count'>;
}

const CHUNK = Type.Object({ chunk: COUNT, recipients: COUNT, suppressed: COUNT }, { $id: 'AudienceChunk' });

export const ADD_CHUNK: Operation = {
  id: 'addAudienceChunk',
  tag: 'notifications',
  summary: 'Upload a chunk of recipients',
  description:
    'A line of NDJSON for each, as in `recipients` of a send, or a row of CSV with a header: identity (or the key of the channel), message, and a parameter for each other column. A chunk is taken as a whole or not at all. The same chunk again is answered the same and changes nothing, so whatever broke off is sent again.',
  scope: SCOPE_SEND,
  params: closed({
    botId: BOT_ID,
    notificationId: NOTIFICATION_ID,
    chunk: Type.String({ pattern: '^(0|[1-9][0-9]{0,3})$', description: `0 to ${MAX_CHUNKS - 1}, in any order.` }),
  }),
  query: NOTHING,
  headers: Type.Object({
    'content-digest': Type.Optional(
      Type.String({ description: 'sha-256=:…: of the body (RFC 9530): refused if something else arrives.' }),
    ),
  }),
  body: {
    types: [...FORMATS_BY_TYPE.keys()],
    schema: Type.String({
      description: `At most ${MAX_CHUNK_RECIPIENTS} recipients and ${MAX_CHUNK_BYTES / 1024 / 1024} MiB.`,
      examples: ['{"email":"john@abc.com","parameters":{"name":"John"}}\n'],
    }),
    isStream: true,
  },
  replies: {
    200: { description: 'It is on disk.', content: { 'application/json': CHUNK } },
    422: {
      description: 'chunk_invalid: nobody of it was taken, and why.',
      content: {
        'application/problem+json': Type.Object(
          {
            ...PROBLEM.properties,
            bad: Type.Integer({ minimum: 0, description: 'Lines, exactly; the list of errors is cut.' }),
            errors: Type.Array(
              Type.Object({
                line: Type.Integer({ minimum: 1 }),
                field: nullable(Type.String()),
                message: Type.String(),
              }),
            ),
          },
          { $id: 'ChunkProblem' },
        ),
      },
    },
  },
  faults: [
    ...OF_BODIES,
    'digest_mismatch',
    'notification_unknown',
    'audience_sealed',
    'audience_collecting',
    'chunk_conflict',
    'imports_busy',
    'bot_backlog_full',
    'backlog_full',
    'store_full',
  ],
};

/** Decided from the headers, before the body is read. */
export async function requireRecipients(request: FastifyRequest): Promise<void> {
  const mediaType = mediaTypeOf(request);
  if (!FORMATS_BY_TYPE.has(mediaType)) {
    const known = [...FORMATS_BY_TYPE.keys()].join(' or ');
    throw new Fault('media_type', `${mediaType.slice(0, 100)}: send recipients as ${known}`);
  }
  requirePlainUtf8(request);
}

type OfChunk = OfNotification & { readonly Params: { readonly chunk: string } };

export function createAddChunk(parts: AddChunkParts) {
  // A chunk takes some thirty megabytes while it is read.
  const few = new FewAtOnce({
    ofBot: 4,
    ofAll: 8,
    fault: 'imports_busy',
    detail: 'other chunks are being read; send this one when they are through',
    retryAfterSeconds: 1,
  });

  return async function addChunk(request: FastifyRequest<OfChunk>, reply: FastifyReply): Promise<object> {
    const key = keyOfRoute(request);
    const audience = key === null ? null : await parts.store.findAudience(key);
    if (key === null || audience === null) throw await explainAbsent(parts, key);
    requireReceiving(audience);
    await parts.backlog.assertRoom(key.botId);
    const [read, digest] = await few.run(key.botId, () => receive(request, audience, parts));
    if (read.bad > 0) return refuse(reply, read);
    const audit = auditOf(request, parts.clock);
    return keep({ key, chunk: Number(request.params.chunk), read, digest, audit }, parts);
  };
}

/** One that gathers its recipients by itself takes nobody. */
function requireReceiving({ state, plan }: Audience): void {
  if (plan.from !== undefined) throw new Fault('audience_sealed', 'its recipients are not uploaded');
  if (state === 'receiving') return;
  const detail = 'it is being written down who is left out: send the chunk again in a moment';
  throw new Fault('audience_collecting', detail, { 'retry-after': '1' });
}

/** One that was sealed is no longer an audience. */
async function explainAbsent({ store }: Pick<AddChunkParts, 'store'>, key: NotificationKey | null): Promise<Fault> {
  const sealed = key === null ? null : await store.findNotification(key);
  return new Fault(sealed === null ? 'notification_unknown' : 'audience_sealed');
}

async function receive(
  request: FastifyRequest<OfChunk>,
  { asked, plan }: Audience,
  { catalog, store }: AddChunkParts,
): Promise<[ReadChunk, string]> {
  const channel = catalog.find(asked.channel);
  if (channel === null) throw new Fault('body_invalid', `${asked.channel} is a channel no longer`);
  const format = FORMATS_BY_TYPE.get(mediaTypeOf(request)) ?? 'ndjson';
  const expected = readDigest(request);
  const fallBacks = asked.options?.fallBacks ?? [];
  const template = await findNamed(asked.options?.template, { store, botId: asked.botId });
  const forAll = { channel, message: asked.message, parameters: plan.parameters, fallBacks, template };
  const hash = createHash('sha256');
  const read = await useUpload(request, MAX_CHUNK_BYTES, (chunks) => readChunk(hashed(chunks, hash), format, forAll));
  const digest = hash.digest();
  if (expected !== null && !expected.equals(digest)) throw new Fault('digest_mismatch');
  return [read, digest.toString('hex')];
}

async function* hashed(chunks: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

/** Null: the header names no SHA-256, which every caller is free to leave out. */
function readDigest({ headers }: FastifyRequest<OfChunk>): Buffer | null {
  const given = headers['content-digest'];
  if (typeof given !== 'string') return null;
  const [, base64 = null] = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/.exec(given) ?? [];
  if (base64 !== null) return Buffer.from(base64, 'base64');
  throw new Fault('body_invalid', 'Content-Digest: looks like sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:');
}

interface Received {
  readonly key: NotificationKey;
  readonly chunk: number;
  readonly read: ReadChunk;
  readonly digest: string;
  readonly audit: AuditEntry;
}

async function keep(
  { key, chunk, read, digest, audit }: Received,
  { store, clock, backlog }: AddChunkParts,
): Promise<Static<typeof CHUNK>> {
  const { recipients } = read;
  if (recipients.length === 0) throw new Fault('body_invalid', 'the chunk names nobody');
  const result = await backlog.count(key.botId, recipients.length, () =>
    store.addChunk({ ...key, chunk, digest, recipients, at: clock.now(), audit }),
  );
  switch (result.kind) {
    case 'conflict':
      throw new Fault('chunk_conflict', `chunk ${chunk} was taken with other bytes`);
    case 'absent':
      throw await explainAbsent({ store }, key);
    default:
      return { chunk: result.chunk, recipients: result.recipients, suppressed: result.suppressed };
  }
}

function refuse(reply: FastifyReply, { bad, problems }: ReadChunk): object {
  reply.code(422).type('application/problem+json');
  return { ...problemOf(new Fault('chunk_invalid')), bad, errors: problems };
}
