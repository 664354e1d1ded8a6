import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CallbackRequest } from '../../channels/contract.ts';
import { type CaptureParts, capture } from '../../directory/capture.ts';
import { Fault } from '../faults.ts';
import { createInboxes, type InboxParts } from './inboxes.ts';

export interface CallbackRoutesOptions extends InboxParts, CaptureParts {}

/** More than any provider sends at once: Meta's largest, a batch of statuses, stays far below. */
const MAX_BODY_BYTES = 1024 * 1024;
/** Providers give up after 3 to 15 s and come again. */
const DEADLINE_MS = 10_000;
/** In work at once. Whoever comes above it is asked to come again, so a flood of events cannot fill the memory. */
const MAX_AT_ONCE = 64;

/**
 * Where providers call us. A Fastify plugin. There is no token here: each connection's inbox checks its provider's own
 * signature before it believes a byte, and the reply goes out when what it brought is durable.
 */
export async function callbackRoutes(app: FastifyInstance, options: CallbackRoutesOptions): Promise<void> {
  const findInbox = createInboxes(options);
  const { logger, tools } = options;
  let inWork = 0;

  // Signatures cover the bytes as they came.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES }, (_request, body, done) =>
    done(null, body),
  );
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(SAFETY);
    if (inWork >= MAX_AT_ONCE) throw new Fault('callbacks_busy', null, { 'retry-after': '5' });
  });

  for (const kind of ['events', 'receipts'] as const) {
    app.route({
      method: ['GET', 'POST'],
      url: `/channels/:connectionId/${kind}`,
      exposeHeadRoute: false,
      bodyLimit: MAX_BODY_BYTES,
      handler: (request, reply) => answer(request, reply, kind),
    });
  }

  async function answer(request: FastifyRequest, reply: FastifyReply, kind: CallbackRequest['kind']) {
    const found = findInbox(connectionIdOf(request));
    if (found === null) throw new Fault('callback_unknown');
    const { connection, inbox } = found;
    const { id: connectionId, botId, channel } = connection;
    inWork += 1;
    try {
      const callback = await inbox.receive(readRequest(request, kind, tools.publicUrl));
      const { status, type = 'text/plain', headers = {}, body = '' } = callback.reply;
      if (callback.refused !== undefined) {
        logger.warn('callback refused', { botId, connectionId, channel, status, detail: callback.refused });
      }
      await capture(options, connection, callback.news);
      return reply.code(status).headers(headers).type(`${type}; charset=utf-8`).send(body);
    } finally {
      inWork -= 1;
    }
  }
}

/** A page may come out of here (unsubscribing); whatever it holds, it can run nothing and be framed by nobody. */
const SAFETY = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

function readRequest(
  request: FastifyRequest,
  kind: CallbackRequest['kind'],
  publicUrl: string | null,
): CallbackRequest {
  const target = request.raw.url ?? '/';
  const url = `${publicUrl ?? `http://${request.headers.host ?? 'localhost'}/`}${target.slice(1)}`;
  const question = target.indexOf('?');
  return {
    method: request.method === 'GET' ? 'GET' : 'POST',
    kind,
    url,
    query: new URLSearchParams(question === -1 ? '' : target.slice(question + 1)),
    headers: request.headers,
    body: request.body instanceof Uint8Array ? request.body : new Uint8Array(),
    signal: AbortSignal.timeout(DEADLINE_MS),
  };
}

function connectionIdOf({ params }: FastifyRequest): string {
  return typeof params === 'object' && params !== null && 'connectionId' in params ? String(params.connectionId) : '';
}
