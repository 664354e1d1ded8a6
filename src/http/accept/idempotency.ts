import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IdempotencyScope, StoredReply } from '../../store/port/acceptance.ts';
import { callerOf } from '../auth/gate.ts';
import { Fault } from '../faults.ts';
import { mediaTypeOf } from '../media-type.ts';

/** Under which key a request is known, and what it looked like. */
export type RequestKey = IdempotencyScope & Pick<StoredReply, 'fingerprint'>;

/**
 * The request's `Idempotency-Key`, null without one. The fingerprint covers the bytes as they came: a client that
 * writes the same wish differently is told so instead of being guessed at.
 */
export function readRequestKey(request: FastifyRequest, route: string, body: Buffer | null): RequestKey | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new Fault('body_invalid', 'Idempotency-Key: must be 1 to 255 visible ASCII characters');
  }
  const { app, bot } = callerOf(request);
  const hash = createHash('sha256').update(`${mediaTypeOf(request)}\n`);
  const fingerprint = hash.update(body ?? Buffer.alloc(0)).digest('hex');
  return { botId: bot.id, appId: app.clientId, route, key, fingerprint };
}

/** Answers what was answered the first time, byte for byte; the same key with another body is refused. */
export function replay(reply: FastifyReply, earlier: StoredReply, key: RequestKey): string {
  if (earlier.fingerprint !== key.fingerprint) throw new Fault('idempotency_key_reused');
  reply.code(earlier.status).header('idempotency-replayed', 'true').type('application/json; charset=utf-8');
  return earlier.body;
}
