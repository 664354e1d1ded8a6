import { printableOf } from '../config/section.ts';
import type { JsonObject } from '../model/json.ts';
import type { Retention } from '../model/retention.ts';
import type { App, Bot, CallLimits, Connection } from '../model/tenancy.ts';
import type { LiveTenancy } from './live-tenancy.ts';
import type { ReadParts } from './read-stored.ts';

/** What is configured, as it may be shown: `***` for every secret. */
export interface BotDocument {
  readonly id: string;
  readonly name: string;
  readonly weight: number;
  readonly limits: CallLimits;
  /** As it is in force, such as 90d; absent: for ever. */
  readonly retention: { readonly recipients?: string; readonly notifications?: string; readonly callbacks?: string };
  readonly declaredIn: 'file' | 'api';
}

export interface ConnectionDocument {
  readonly id: string;
  readonly botId: string;
  readonly channel: string;
  readonly name: string | null;
  readonly settings: JsonObject;
  readonly limits: Connection['limits'];
  readonly allowPrivateNetwork: boolean;
  /** Null: the channel's own. */
  readonly afterUnknown: 'retry' | 'hold' | null;
  readonly declaredIn: 'file' | 'api';
}

export interface AppDocument extends Omit<App, 'key' | 'former'> {
  readonly declaredIn: 'file' | 'api';
  /** Until when the key it had before is good (epoch ms); null: it has but one. */
  readonly formerKeyUntil: number | null;
}

const declaredIn = (tenancy: LiveTenancy, kind: 'bot' | 'app' | 'connection', id: string) =>
  tenancy.isDeclared(kind, id) ? 'file' : 'api';

export const toBotDocument = ({ id, name, weight = 1, limits }: Bot, tenancy: LiveTenancy): BotDocument => ({
  id,
  name,
  weight,
  limits: limits ?? tenancy.callLimits,
  retention: toDays(tenancy.retention(id)),
  declaredIn: declaredIn(tenancy, 'bot', id),
});

function toDays({ recipientsDays, notificationsDays, callbacksDays }: Retention): BotDocument['retention'] {
  return {
    ...(recipientsDays !== undefined && { recipients: `${recipientsDays}d` }),
    ...(notificationsDays !== undefined && { notifications: `${notificationsDays}d` }),
    ...(callbacksDays !== undefined && { callbacks: `${callbacksDays}d` }),
  };
}

export function toConnectionDocument(
  connection: Connection,
  tenancy: LiveTenancy,
  { channels }: Pick<ReadParts, 'channels'>,
): ConnectionDocument {
  const { id, botId, channel, name, settings, limits, allowPrivateNetwork, afterUnknown = null } = connection;
  const schema = channels.find(channel)?.settings;
  return {
    id,
    botId,
    channel,
    name,
    settings: schema === undefined ? {} : printableOf(schema, settings),
    limits,
    allowPrivateNetwork,
    afterUnknown,
    declaredIn: declaredIn(tenancy, 'connection', id),
  };
}

export function toAppDocument({ key: _, former, ...app }: App, tenancy: LiveTenancy, now: number): AppDocument {
  const until = former?.until ?? 0;
  return {
    ...app,
    declaredIn: declaredIn(tenancy, 'app', app.clientId),
    formerKeyUntil: until > now ? until : null,
  };
}
