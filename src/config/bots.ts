import { Type } from 'typebox';
import { isId, randomId } from '../model/ids.ts';
import type { JsonObject } from '../model/json.ts';
import type { Bot, Connection } from '../model/tenancy.ts';
import { type ChannelCatalog, type ReadConnection, readConnection } from './connections.ts';
import { QUIET_HOURS, readQuietHours } from './quiet-hours.ts';
import { RETENTION, readRetention } from './retention.ts';
import { listIn, type Report, readSection } from './section.ts';

/** Calls of a bot on Kore's routes, rolling; 0 switches a window off. */
export const CALL_LIMITS = Type.Object(
  {
    perMinute: Type.Integer({ minimum: 0, default: 600 }),
    perHour: Type.Integer({ minimum: 0, default: 18_000 }),
  },
  { additionalProperties: false },
);

const BOT = Type.Object(
  {
    id: Type.String(),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    weight: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    quietHours: Type.Optional(QUIET_HOURS),
    limits: Type.Optional(CALL_LIMITS),
    retention: Type.Optional(RETENTION),
    connections: Type.Array(Type.Unknown(), { default: [] }),
  },
  { additionalProperties: false },
);

export interface ReadBot {
  readonly bot: Bot;
  readonly connections: readonly Connection[];
  readonly printable: JsonObject;
}

interface BotContext {
  readonly report: Report;
  readonly channels: ChannelCatalog;
}

/** Null when the bot itself has a fault; its connections are judged all the same. */
export function readBot(raw: unknown, path: string, { report, channels }: BotContext): ReadBot | null {
  const section = readSection(BOT, raw, path, report);
  const { id, name = id, weight, limits, quietHours, retention } = section?.value ?? { id: '' };
  const more = {
    ...(weight !== undefined && { weight }),
    ...(limits !== undefined && { limits }),
    ...(retention && { retention: readRetention(retention, `${path}.retention`, report) }),
    ...(quietHours && { quietHours: readQuietHours(quietHours, `${path}.quietHours`, report) }),
  };
  if (section !== null && !isId('st', id)) {
    report.faults.push(`${path}.id: is not a bot id; this one is fresh and free to use: ${randomId('st')}`);
  }
  const read = listIn(raw, 'connections').map((item, index) => {
    const at = `${path}.connections[${index}]`;
    return { at, item: readConnection(item, at, { report, channels, botId: id }) };
  });
  refuseTwins(read, report);
  if (section === null) return null;
  const items = read.map(({ item }) => item).filter((item) => item !== null);
  return {
    bot: { id, name, ...more },
    connections: items.map((item) => item.connection),
    printable: { id, name, ...section.printable, connections: items.map((item) => item.printable) },
  };
}

function refuseTwins(
  read: readonly { readonly at: string; readonly item: ReadConnection | null }[],
  report: Report,
): void {
  const seen = new Map<string, string>();
  for (const { at, item } of read) {
    if (item === null) continue;
    const { connection } = item;
    const first = seen.get(connection.id);
    if (first === undefined) seen.set(connection.id, at);
    else report.faults.push(`${at}: ${describe(connection)} is declared already at ${first}.`);
  }
}

function describe({ channel, name }: Connection): string {
  return name === null ? `a ${channel} connection without a name` : `the ${channel} connection "${name}"`;
}
