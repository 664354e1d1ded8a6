import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, NotificationRequest, PeopleImport } from '../client/client.ts';
import { ClientError } from '../client/client-error.ts';
import type { Notification } from '../client/notification-documents.ts';
import type { OpenBody } from '../client/send-documents.ts';
import type { Format } from '../directory/read-people.ts';
import { isJsonObject } from '../model/json.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { cutFile, type FileChunk, UnreadableLine } from './file-chunks.ts';
import { type Input, openInput } from './open-input.ts';
import { mediaTypeOf } from './people-format.ts';
import { NO_PROGRESS, openProgress, type Progress } from './progress.ts';
import type { Target } from './target.ts';

export interface AudienceSend {
  readonly file: string;
  readonly format?: Format;
  /** What is sent; null: it was opened before, as `resume`. */
  readonly body: Omit<OpenBody, 'audience'> | null;
  readonly resume?: string;
  readonly idempotencyKey?: string;
  /** How to go on with it, for whoever is interrupted. */
  readonly hint: (id: string) => string;
}

/** Uploads a file of recipients of any length and sends to them; what was uploaded before is not uploaded again. */
export async function sendAudience(target: Target, request: AudienceSend): Promise<Notification> {
  const mediaType = mediaTypeOf(request.file, request.format);
  const input = await openInput(request.file);
  const id = await open(target, request);
  const key = { botId: target.botId, notificationId: id };
  console.error(`Uploading the recipients of ${id}. Interrupted, go on with: ${request.hint(id)}`);
  const total = await uploadFile(target.client, key, { ...request, id, input, mediaType });
  if (total.recipients === 0) throw new CommandFailure(`${request.file} names nobody.`, EXIT.usage);
  return target.client.audience.seal({ ...key, ...total });
}

interface Uploading extends AudienceSend {
  readonly id: string;
  readonly input: Input;
  readonly mediaType: PeopleImport['mediaType'];
}

async function uploadFile(client: Client, key: NotificationRequest, uploading: Uploading) {
  const { input, mediaType, file } = uploading;
  const known = await listKnown(client, key);
  const progress = input.size === null ? NO_PROGRESS : openProgress('Uploading');
  let [recipients, chunks] = [0, 0];
  try {
    for await (const piece of cutFile(input.stream, mediaType === 'text/csv' ? 'csv' : 'ndjson')) {
      const { chunk, body, sha256 } = piece;
      const before = known.get(chunk);
      if (before !== undefined && before.sha256 !== toHex(sha256)) throw changed(file, piece);
      const adding = before ?? client.audience.add({ ...key, chunk, body, sha256, mediaType });
      const taken = await Promise.resolve(adding).catch((error: unknown) => {
        throw explainRefusal(error, piece, uploading);
      });
      recipients += taken.recipients;
      chunks += 1;
      show(progress, input, piece, recipients);
    }
  } catch (error) {
    if (!(error instanceof UnreadableLine)) throw error;
    throw blame([`line ${error.line}: ${error.message}`], uploading);
  } finally {
    progress.stop();
  }
  return { recipients, chunks };
}

async function open({ client, botId }: Target, { body, resume, idempotencyKey }: AudienceSend): Promise<string> {
  if (resume === undefined && body !== null) {
    const sent = { ...body, audience: { upload: true } } as const;
    const opened = await client.audience.open({ botId, body: sent, ...(idempotencyKey && { idempotencyKey }) });
    return untilReceiving(client, { botId, notificationId: opened.id });
  }
  const key = { botId, notificationId: resume ?? '' };
  const { id, state, counts } = await client.notification(key);
  if (state === 'receiving' || state === 'collecting') return untilReceiving(client, key);
  throw new CommandFailure(`${id} has all its recipients: ${counts.total}. Nothing is left to upload.`, EXIT.usage);
}

const POLL_MS = 500;

/** One that leaves out recipients of others takes nobody before these are known. */
async function untilReceiving(client: Client, key: NotificationRequest): Promise<string> {
  while ((await client.notification(key)).state === 'collecting') await sleep(POLL_MS);
  return key.notificationId;
}

type Known = Awaited<ReturnType<Client['audience']['add']>> & { readonly sha256: string };

async function listKnown(client: Client, key: Parameters<Client['audience']['chunks']>[0]) {
  const known = new Map<number, Known>();
  for await (const chunk of client.audience.chunks(key)) known.set(chunk.chunk, chunk);
  return known;
}

const toHex = (base64: string): string => Buffer.from(base64, 'base64').toString('hex');

function show(progress: Progress, { size }: Input, { endsAt }: FileChunk, recipients: number): void {
  if (size !== null) progress.update(Math.min(endsAt, size), size, `${recipients} recipients`);
}

const changed = (file: string, { chunk }: FileChunk): CommandFailure =>
  new CommandFailure(
    `${file} is not what it was: its chunk ${chunk} was uploaded with other words. Send it anew, without --resume.`,
    EXIT.usage,
  );

/** What the server says of a line of a chunk is said of the line of the file. */
function explainRefusal(error: unknown, { lineOf }: FileChunk, uploading: Uploading): unknown {
  if (!(error instanceof ClientError) || !isJsonObject(error.body) || !Array.isArray(error.body['errors']))
    return error;
  const { errors, bad } = error.body;
  const problems = errors.flatMap((entry) => {
    if (!isJsonObject(entry) || typeof entry['line'] !== 'number') return [];
    const field = typeof entry['field'] === 'string' ? `${entry['field']}: ` : '';
    return [`line ${lineOf(entry['line'])}: ${field}${entry['message']}`];
  });
  const hidden = Number(bad) - problems.length;
  return blame(hidden > 0 ? [...problems, `… and ${hidden} more of this chunk`] : problems, uploading);
}

const blame = (problems: readonly string[], { file, id, hint }: Uploading): CommandFailure =>
  new CommandFailure(
    [`${file} cannot be sent as it is:`, ...problems, `Mend it and go on with: ${hint(id)}`].join('\n'),
    EXIT.failure,
  );
