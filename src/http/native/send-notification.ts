import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ChannelTools } from '../../channels/contract.ts';
import { parseJsonObject } from '../../model/json.ts';
import type { Lane, Notification } from '../../model/notification.ts';
import { SCOPE_SEND, type Tenancy } from '../../model/tenancy.ts';
import type { OpenAudience } from '../../store/port/audiences.ts';
import type { Store } from '../../store/port.ts';
import { type AcceptParts, acceptNotification } from '../accept/accept.ts';
import type { ChannelCatalog } from '../accept/channel-catalog.ts';
import { type CallsInWork, limitWork, type WorkLimits } from '../accept/limit-work.ts';
import { openAudience } from '../accept/open-audience.ts';
import { callerOf, type Gate } from '../auth/gate.ts';
import { NOTHING, OF_BOT } from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { requireJsonBody } from '../media-type.ts';
import { requireNotifications } from './audience/require-notifications.ts';
import { NATIVE_PREFIX } from './context.ts';
import { IDEMPOTENCY_KEY } from './idempotency-key.ts';
import { readJsonBodies } from './json-bodies.ts';
import { findTemplate } from './named-template.ts';
import {
  NO_RECEIPTS,
  NONE_YET,
  NOTIFICATION,
  toDocument,
  toReceivingDocument,
  UNTOUCHED,
} from './notification-documents.ts';
import { launchPlan } from './plan/launch-plan.ts';
import { readGathered, readSend } from './read-send.ts';
import { SEND_BODY, type SendBody } from './send-body.ts';

export interface SendRouteOptions extends AcceptParts {
  readonly gate: Gate;
  readonly store: Store;
  readonly engine: { wake(lane?: Lane): void; heedAudiences(): void; heedCallers(): void };
  readonly tenancy: Tenancy;
  readonly catalog: ChannelCatalog;
  readonly calls: CallsInWork;
  readonly limits: WorkLimits;
  readonly tools: Pick<ChannelTools, 'publicUrl'>;
}

const SEND: Operation = {
  id: 'sendNotification',
  tag: 'notifications',
  summary: 'Send a notification',
  description:
    'When it is answered, the notification is on disk. One for an audience is sent to nobody before its recipients were uploaded and it was sealed; one for a filter, or with an exclusion, gathers its recipients first (collecting) and then seals itself. Sent again with the same Idempotency-Key and the same bytes it is answered the same and nothing is sent twice, for 72 hours.',
  scope: SCOPE_SEND,
  params: OF_BOT,
  query: NOTHING,
  headers: IDEMPOTENCY_KEY,
  body: { types: ['application/json'], schema: SEND_BODY },
  replies: {
    202: {
      description: 'It is accepted. The document shows it as it was then.',
      content: { 'application/json': NOTIFICATION },
      headers: {
        Location: Type.String({ description: 'Where to ask how far it is.' }),
        'Idempotency-Replayed': Type.String({ description: 'true: this is what was answered the first time.' }),
      },
    },
  },
  faults: [
    ...OF_BODIES,
    'idempotency_key_reused',
    'plan_unknown',
    'plan_outdated',
    'audience_collecting',
    'audience_empty',
    'audiences_open',
    'bot_backlog_full',
    'backlog_full',
    'store_full',
    'overloaded',
  ],
};

/** Sending. A Fastify plugin, under the native prefix. */
export async function sendRoute(app: FastifyInstance, options: SendRouteOptions): Promise<void> {
  limitWork(app, options.calls, options.limits);
  const bytesOf = readJsonBodies(app);
  addOperation<{ Body: SendBody }>(app, options.gate, {
    method: 'POST',
    url: '/bots/:botId/notifications',
    operation: SEND,
    onRequest: [requireJsonBody],
    handler: createSend(options, bytesOf),
  });
}

function createSend(options: SendRouteOptions, bytesOf: (request: FastifyRequest) => Buffer | null) {
  const { tenancy, catalog: channels, clock, store, tools } = options;
  const { publicUrl } = tools;
  return async function sendNotification(
    request: FastifyRequest<{ Body: SendBody }>,
    reply: FastifyReply,
  ): Promise<string | object> {
    const botId = callerOf(request).bot.id;
    if (request.body.planId !== undefined) {
      const launched = await launchPlan(request, reply, options);
      reply.header('location', `${NATIVE_PREFIX}/bots/${botId}/notifications/${request.body.planId}`);
      return launched;
    }
    const call = { api: 'native', route: 'notifications', body: bytesOf(request), status: 202 } as const;
    const { body } = request;
    const partsOf = async () => {
      await requireNotifications(body, { store, botId });
      const template = await findTemplate(body, { store, botId });
      return { botId, tenancy, channels, template, publicUrl, now: clock.now() };
    };
    const send = { ...call, read: async () => readSend(body, await partsOf()), answer: showAccepted };
    const open = {
      ...call,
      read: async () => readGathered(body, await partsOf()),
      answer: showOpened,
    };
    const answer = isGathered(body)
      ? await openAudience(request, reply, open, options)
      : await acceptNotification(request, reply, send, options);
    const document = parseJsonObject(answer);
    reply.header('location', `${NATIVE_PREFIX}/bots/${botId}/notifications/${document?.['id']}`);
    return answer;
  };
}

function showAccepted(accepted: Notification, suppressed: number): string {
  const counts = { ...NONE_YET, total: accepted.total, pending: accepted.total - suppressed, suppressed };
  const fresh = { ...accepted, ...UNTOUCHED, counts, updatedAt: accepted.createdAt };
  return JSON.stringify(
    toDocument(fresh, suppressed === 0 ? {} : { duplicate: suppressed }, NO_RECEIPTS, accepted.createdAt),
  );
}

/** Who is to be sent it is not known at once. */
const isGathered = ({ audience, recipients, exclude }: SendBody): boolean =>
  audience !== undefined || exclude !== undefined || (recipients !== undefined && !Array.isArray(recipients));

function showOpened({ asked, plan, endsAt }: Omit<OpenAudience, 'idempotency'>): string {
  const isReceiving = plan.from === undefined && plan.exclude?.notifications === undefined;
  const none = { recipients: 0, suppressed: 0, excluded: 0, finishedAt: null };
  const opened = { asked, plan, endsAt, ...none, state: isReceiving ? 'receiving' : 'collecting' } as const;
  return JSON.stringify(toReceivingDocument(opened, asked.createdAt));
}
