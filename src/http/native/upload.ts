import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { Fault } from '../faults.ts';

const CHUNK_BYTES = 64 * 1024;

/**
 * Hands the body over as chunks as they arrive, at most `maxBytes` together. What `use` leaves unread is read and thrown
 * away, since a client that is still sending would not see the answer.
 */
export async function useUpload<T>(
  request: FastifyRequest,
  maxBytes: number,
  use: (chunks: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const body = request.body instanceof Readable ? request.body : Readable.from([]);
  try {
    return await use(limitBytes(body, maxBytes));
  } finally {
    body.resume();
  }
}

async function* limitBytes(body: Readable, maxBytes: number): AsyncGenerator<Uint8Array> {
  let received = 0;
  for await (const chunk of readWhileConnected(body)) {
    received += chunk.length;
    if (received > maxBytes)
      throw new Fault('body_too_large', `at most ${maxBytes} bytes are taken; send several calls`);
    yield chunk;
  }
}

async function* readWhileConnected(body: Readable): AsyncGenerator<Uint8Array> {
  try {
    // Destroying the body would take the socket with it, and our answer.
    yield* body.iterator({ destroyOnReturn: false });
  } catch {
    throw new Fault('request_malformed', 'the upload broke off');
  }
}

/**
 * Keeps an upload on disk while `use` reads it, as often as it likes. The file has no name, so that a crash leaves no
 * personal data behind.
 */
export async function spool<T>(
  chunks: AsyncIterable<Uint8Array>,
  folder: string,
  use: (open: () => AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T> {
  const file = await openNameless(folder);
  try {
    await file.writeFile(chunks);
    return await use(() => readFromStart(file));
  } catch (error) {
    throw isDiskFull(error) ? new Fault('store_unavailable', `the disk of ${folder} is full`) : error;
  } finally {
    await file.close();
  }
}

async function openNameless(folder: string): Promise<FileHandle> {
  const path = join(folder, `beckon-upload-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}

/** Not `createReadStream`: one that leaves the file open keeps `close` waiting for ever. */
async function* readFromStart(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (let position = 0; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}
