import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Json } from '../../model/json.ts';
import type { Api, Notification } from '../../model/notification.ts';
import type { Connection, Tenancy } from '../../model/tenancy.ts';
import { type AcceptParts, acceptNotification } from '../accept/accept.ts';
import type { Addressed } from '../accept/asked.ts';
import type { ChannelCatalog } from '../accept/channel-catalog.ts';
import { callerOf } from '../auth/gate.ts';
import { readJson } from '../read-json.ts';
import type { KoreAsked } from './asked.ts';
import { invalid, show } from './fields.ts';
import { acceptedReply } from './replies.ts';
import { bodyOf } from './surface.ts';

export interface NotifyParts extends AcceptParts {
  readonly tenancy: Tenancy;
  readonly channels: ChannelCatalog;
}

/** How one version of the send call reads its body; `route` is where its idempotency keys live. */
export interface NotifyVersion {
  readonly api: Exclude<Api, 'native'>;
  readonly route: string;
  readonly parse: (body: Json, channels: ChannelCatalog) => KoreAsked;
}

/** A handler of a send call: when it answers 200, the notification is durable. */
export function createNotify({ api, route, parse }: NotifyVersion, parts: NotifyParts) {
  return function notify(request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const body = bodyOf(request);
    const read = (): Addressed => {
      const asked = parse(readJson(body), parts.channels);
      return { ...asked, connection: findConnection(callerOf(request).bot.id, asked, parts.tenancy) };
    };
    return acceptNotification(request, reply, { api, route, body, read, status: 200, answer }, parts);
  };
}

const answer = (accepted: Notification): string => JSON.stringify(acceptedReply(accepted));

function findConnection(botId: string, { channel, connectionName }: KoreAsked, tenancy: Tenancy): Connection {
  const connection = tenancy.connection(botId, channel.id, connectionName);
  if (connection !== null) return connection;
  if (connectionName === null) throw invalid('channel', `${channel.id} is not configured for this bot`);
  throw invalid('webhookInstanceName', `this bot has no ${channel.id} connection named ${show(connectionName)}`);
}
