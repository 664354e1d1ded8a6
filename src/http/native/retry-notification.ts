import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import type { FinalState } from '../../model/notification.ts';
import { REASONS, type Reason } from '../../model/reasons.ts';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import type { RetryAnswer, RetryState } from '../../store/port/interventions.ts';
import type { BoundedBacklog } from '../accept/bounded-backlog.ts';
import { readRequestKey } from '../accept/idempotency.ts';
import { auditOf } from '../contract/audit-of.ts';
import { closed, NOTHING, oneOf, TIME } from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { Fault } from '../faults.ts';
import { requireJsonBody } from '../media-type.ts';
import type { NativeContext } from './context.ts';
import { findNotification, OF_NOTIFICATION, OF_SENT, type OfNotification } from './find-notification.ts';
import { IDEMPOTENCY_KEY } from './idempotency-key.ts';
import { readJsonBodies } from './json-bodies.ts';
import { toIso } from './notification-documents.ts';
import { readDeadline } from './read-deadline.ts';
import { untilOver } from './until-over.ts';

export interface RetryRouteOptions extends Pick<NativeContext, 'store' | 'gate' | 'clock'> {
  readonly backlog: Pick<BoundedBacklog, 'assertRoom'>;
  /** Somebody is pending again, and this process may be the one to send it. */
  readonly onChange: () => void;
}

/** Delivered is what nobody wants twice, and a cancel is for good. */
const STATES = ['failed', 'unknown', 'expired', 'suppressed'] as const satisfies FinalState[];

const RETRY_BODY = closed({
  only: Type.Optional(
    closed({
      states: Type.Optional(
        Type.Array(oneOf(STATES), {
          minItems: 1,
          maxItems: STATES.length,
          description: 'Absent: the failed; with reasons, all four. Who is unknown may have it already.',
        }),
      ),
      reasons: Type.Optional(
        Type.Array(oneOf(Object.keys(REASONS) as Reason[]), {
          minItems: 1,
          maxItems: Object.keys(REASONS).length,
          description: 'Codes of the catalogue of reasons.',
          examples: [['provider_error', 'rate_limited']],
        }),
      ),
    }),
  ),
  expiresAt: Type.Optional(
    Type.String({
      ...TIME,
      description: 'Its new deadline. Absent: the one it has; where that is over, as long again as it had.',
    }),
  ),
});

const RETRY_STATE = Type.Object(
  {
    id: Type.String(),
    retry: Type.Integer({ minimum: 1, description: 'The how manieth of this notification it is.' }),
    retried: Type.Integer({
      minimum: 0,
      description: 'Are pending again; those that were until now if it is not complete.',
    }),
    leftOut: Type.Integer({
      minimum: 0,
      description:
        'Fit and stay as they are: the provider says that they have it, they were erased, or what they alone were to be sent is not known any more.',
    }),
    isComplete: Type.Boolean({ description: 'False: it goes on, through a large notification or behind a worker.' }),
    expiresAt: TIME,
  },
  { $id: 'RetryState', description: 'What a retry has done.' },
);

const RETRY: Operation = {
  id: 'retryNotification',
  tag: 'notifications',
  summary: 'Send a notification again to whom it did not reach',
  description:
    'Whoever fits is pending again and tried as if for the first time; what is known of the tries before stays with them, and who may have been sent it then is told as maybe doubled. Nobody is sent it again who has it. When it is answered it is on disk. Sent again with the same Idempotency-Key it is the same retry.',
  scope: SCOPE_SEND,
  params: OF_NOTIFICATION,
  query: NOTHING,
  headers: IDEMPOTENCY_KEY,
  body: { types: ['application/json'], schema: RETRY_BODY },
  replies: {
    202: {
      description: 'It is accepted.',
      content: { 'application/json': RETRY_STATE },
      headers: {
        'Idempotency-Replayed': Type.String({ description: 'true: this is a retry that was asked for before.' }),
      },
    },
  },
  faults: [
    ...OF_BODIES,
    ...OF_SENT,
    'notification_cancelled',
    'recipients_removed',
    'retry_running',
    'idempotency_key_reused',
    'bot_backlog_full',
    'backlog_full',
  ],
};

type RetryCall = OfNotification & { readonly Body: Static<typeof RETRY_BODY> };

/** Trying again. A Fastify plugin, under the native prefix. */
export async function retryRoute(app: FastifyInstance, options: RetryRouteOptions): Promise<void> {
  const bytesOf = readJsonBodies(app);
  addOperation<RetryCall>(app, options.gate, {
    method: 'POST',
    url: '/bots/:botId/notifications/:notificationId/retry',
    operation: RETRY,
    onRequest: [requireJsonBody],
    handler: createRetry(options, bytesOf),
  });
}

function createRetry(options: RetryRouteOptions, bytesOf: (request: FastifyRequest) => Buffer | null) {
  const { store, clock, backlog, onChange } = options;
  return async function retryNotification(
    request: FastifyRequest<RetryCall>,
    reply: FastifyReply,
  ): Promise<Static<typeof RETRY_STATE>> {
    const { only = {}, expiresAt } = request.body;
    const { botId, id: notificationId } = await findNotification(store, request);
    const key = { botId, notificationId };
    await backlog.assertRoom(botId);
    const answer = await store.retry({
      ...key,
      at: clock.now(),
      states: only.states ?? (only.reasons === undefined ? ['failed'] : STATES),
      reasons: only.reasons ?? null,
      expiresAt: expiresAt === undefined ? null : readDeadline(expiresAt, clock.now()),
      idempotency: readRequestKey(request, 'retry', bytesOf(request)),
      audit: auditOf(request, clock),
    });
    const { no } = stateOf(answer);
    if (answer.kind === 'replay') reply.header('idempotency-replayed', 'true');
    onChange();
    const state = await untilOver({
      clock,
      find: () => store.findRetry({ ...key, no }),
      isOver: ({ isOver }) => isOver,
      goOn: () => store.goOnRetrying({ at: clock.now() }),
    });
    if (state === null) throw new Fault('notification_unknown');
    reply.code(202);
    const { expiresAt: deadline } = await findNotification(store, request);
    const { retried, leftOut, isOver } = state;
    return { id: notificationId, retry: no, retried, leftOut, isComplete: isOver, expiresAt: toIso(deadline) };
  };
}

function stateOf(answer: RetryAnswer): RetryState {
  switch (answer.kind) {
    case 'retrying':
    case 'replay':
      return answer.state;
    case 'unknown':
      throw new Fault('notification_unknown');
    case 'cancelled':
      throw new Fault('notification_cancelled', 'nobody is sent it any more; send it anew');
    case 'removed':
      throw new Fault('recipients_removed', 'who they were is not known any more; send it anew');
    case 'running':
      throw new Fault('retry_running', 'a retry of this notification is going on: ask again when it is complete', {
        'retry-after': '1',
      });
    case 'reused':
      throw new Fault('idempotency_key_reused');
  }
}
