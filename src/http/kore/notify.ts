import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../model/clock.ts';
import { derivedId, randomId } from '../../model/ids.ts';
import type { Json } from '../../model/json.ts';
import { laneFor } from '../../model/lane.ts';
import type { Api, Notification } from '../../model/notification.ts';
import type { Connection, Tenancy } from '../../model/tenancy.ts';
import type { Store } from '../../store/port.ts';
import { type Caller, callerOf } from '../auth/gate.ts';
import { readJson } from '../read-json.ts';
import type { Asked } from './asked.ts';
import type { BoundedBacklog } from './bounded-backlog.ts';
import type { ChannelCatalog } from './channel-catalog.ts';
import { invalid, show } from './fields.ts';
import { readRequestKey, replay } from './idempotency.ts';
import { acceptedReply } from './replies.ts';
import { bodyOf } from './surface.ts';

export interface NotifyParts {
  readonly store: Pick<Store, 'accept' | 'findReply'>;
  readonly tenancy: Tenancy;
  readonly channels: ChannelCatalog;
  readonly clock: Clock;
  readonly engine: { wake(): void };
  readonly backlog: Pick<BoundedBacklog, 'assertRoom' | 'count'>;
}

/** How one version of the send call reads its body; `route` is where its idempotency keys live. */
export interface NotifyVersion {
  readonly api: Exclude<Api, 'native'>;
  readonly route: string;
  readonly parse: (body: Json, channels: ChannelCatalog) => Asked;
}

/** Nobody wants yesterday's notification. */
const LIFE_MS = 24 * 3_600_000;

/** A handler of a send call: when it answers 200, the notification is durable. */
export function createNotify(version: NotifyVersion, parts: NotifyParts) {
  return async function acceptNotification(request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const body = bodyOf(request);
    const key = readRequestKey(request, version.route, body);
    // Before the body is judged: a retry gets its answer even if what it names is no longer configured.
    const earlier = key === null ? null : await parts.store.findReply(key);
    if (key !== null && earlier !== null) return replay(reply, earlier, key);

    await parts.backlog.assertRoom(callerOf(request).bot.id);
    const asked = version.parse(readJson(body), parts.channels);
    const notification = nameNotification(version.api, asked, callerOf(request), parts);
    const answer = JSON.stringify(acceptedReply(notification));
    const result = await parts.backlog.count(notification.botId, notification.total, () =>
      parts.store.accept({
        notification,
        recipients: asked.recipients,
        delayMs: 0,
        idempotency: key === null ? null : { ...key, status: 200, body: answer, createdAt: notification.createdAt },
      }),
    );
    if (result.kind === 'replay' && key !== null) return replay(reply, result.reply, key);

    parts.engine.wake();
    reply.type('application/json; charset=utf-8');
    return answer;
  };
}

function nameNotification(api: NotifyVersion['api'], asked: Asked, caller: Caller, parts: NotifyParts): Notification {
  const botId = caller.bot.id;
  const createdAt = parts.clock.now();
  return {
    botId,
    id: randomId('ds'),
    api,
    appId: caller.app.clientId,
    createdBy: derivedId('u', botId, caller.subject),
    channel: asked.channel.id,
    channelSpelling: asked.channelSpelling,
    connectionId: findConnection(botId, asked, parts.tenancy).id,
    resolve: asked.resolve,
    lane: laneFor(asked.recipients.length),
    message: asked.message,
    total: asked.recipients.length,
    createdAt,
    expiresAt: createdAt + LIFE_MS,
  };
}

function findConnection(botId: string, { channel, connectionName }: Asked, tenancy: Tenancy): Connection {
  const connection = tenancy.connection(botId, channel.id, connectionName);
  if (connection !== null) return connection;
  if (connectionName === null) throw invalid('channel', `${channel.id} is not configured for this bot`);
  throw invalid('webhookInstanceName', `this bot has no ${channel.id} connection named ${show(connectionName)}`);
}
