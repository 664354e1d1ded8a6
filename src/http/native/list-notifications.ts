import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { agesOf } from '../../model/retention.ts';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import type { NotificationPage } from '../../store/port/notifications.ts';
import type { ChannelCatalog } from '../accept/channel-catalog.ts';
import { callerOf } from '../auth/gate.ts';
import { cutPage, readCursor } from '../contract/cursor.ts';
import { CURSOR, closed, DEFAULT_LIMIT, LIMIT, OF_BOT } from '../contract/fields.ts';
import type { Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { Fault } from '../faults.ts';
import type { NativeContext } from './context.ts';
import { NOTIFICATION_PAGE, toSummary } from './notification-documents.ts';

export interface ListRouteOptions extends Pick<NativeContext, 'store' | 'gate' | 'clock' | 'tenancy'> {
  readonly catalog: ChannelCatalog;
}

const QUERY = closed({
  limit: LIMIT,
  cursor: CURSOR,
  channel: Type.Optional(Type.String({ description: 'Only those of this channel.' })),
  finished: Type.Optional(
    Type.Boolean({ description: 'true: only those of which nobody is pending; false: only the others.' }),
  ),
});

const LIST: Operation = {
  id: 'listNotifications',
  tag: 'notifications',
  summary: 'The notifications of a bot, newest first',
  description: 'Whichever interface they came through. A page costs the same wherever it begins.',
  scope: SCOPE_SEND,
  params: OF_BOT,
  query: QUERY,
  replies: { 200: { description: 'A page of notifications.', content: { 'application/json': NOTIFICATION_PAGE } } },
  faults: ['body_invalid'],
};

/** A bot's notifications, page by page. A Fastify plugin, under the native prefix. */
export async function listRoute(app: FastifyInstance, options: ListRouteOptions): Promise<void> {
  const url = '/bots/:botId/notifications';
  addOperation(app, options.gate, { method: 'GET', url, operation: LIST, handler: createList(options) });
}

function createList({ store, catalog, clock, tenancy }: ListRouteOptions) {
  return async function listNotifications(
    request: FastifyRequest<{ Querystring: Static<typeof QUERY> }>,
  ): Promise<Static<typeof NOTIFICATION_PAGE>> {
    const { limit = DEFAULT_LIMIT, channel, finished = null } = request.query;
    const channels = channel === undefined ? catalog.ids : [readChannel(channel, catalog)];
    const after = readPlace(request);
    const botId = callerOf(request).bot.id;
    const found = await store.listNotifications({ botId, channels, finished, after, limit: limit + 1 });
    const { page, nextCursor } = cutPage(request, { found, limit }, ({ createdAt, id }) => `${createdAt}.${id}`);
    const ages = agesOf(tenancy.retention(botId));
    return { notifications: page.map((one) => toSummary(one, clock.now(), ages)), nextCursor };
  };
}

function readChannel(spelling: string, catalog: ChannelCatalog): string {
  const channel = catalog.find(spelling);
  if (channel !== null) return channel.id;
  throw new Fault('body_invalid', `the query parameter channel is unknown; use one of ${catalog.ids.join(', ')}`);
}

function readPlace(request: FastifyRequest): NotificationPage['after'] {
  const place = readCursor(request, /^\d{1,15}\.ds-/);
  if (place === null) return null;
  const [createdAt = '', id = ''] = place.split('.');
  return { createdAt: Number(createdAt), id };
}
