import { type TSchema, Type } from 'typebox';
import { connectionId } from '../model/ids.ts';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import type { Connection } from '../model/tenancy.ts';
import { type Report, readSection } from './section.ts';
import { suggest } from './suggest.ts';

/** What the configuration has to know of a channel. Secret settings carry `secret: true` in the schema. */
export interface ConfigurableChannel {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly named: boolean;
  readonly settings: TSchema;
}

/** The channels a file may name. */
export interface ChannelCatalog {
  find(spelling: string): ConfigurableChannel | null;
  /** For the sentence about a channel there is not. */
  readonly ids: readonly string[];
  /** Why a connection may not call a URL, judged by what is written in it; null when it may. */
  refuseUrl(url: URL, policy: { readonly allowPrivateNetwork: boolean }): string | null;
}

const COMMON = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    limits: Type.Object(
      {
        perSecond: Type.Optional(Type.Number({ minimum: 0, maximum: 100_000 })),
        concurrency: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
      },
      { additionalProperties: false, default: {} },
    ),
    allowPrivateNetwork: Type.Boolean({ default: false }),
    afterUnknown: Type.Optional(Type.Enum(['retry', 'hold'])),
  },
  { additionalProperties: false },
);
const COMMON_KEYS = ['channel', 'name', 'limits', 'allowPrivateNetwork', 'afterUnknown'];

export interface ReadConnection {
  readonly connection: Connection;
  readonly printable: JsonObject;
}

export interface ConnectionContext {
  readonly report: Report;
  readonly channels: ChannelCatalog;
  readonly botId: string;
}

export function readConnection(raw: unknown, path: string, context: ConnectionContext): ReadConnection | null {
  const { report, botId } = context;
  const channel = readChannel(raw, path, context);
  if (channel === null || !isJsonObject(raw)) return null;
  const isCommon = ([key]: readonly [string, unknown]) => COMMON_KEYS.includes(key);
  const { channel: _, ...commonRaw } = Object.fromEntries(Object.entries(raw).filter(isCommon));
  const settingsRaw = Object.fromEntries(Object.entries(raw).filter((entry) => !isCommon(entry)));
  const common = readSection(COMMON, commonRaw, path, report);
  const settings = readSection(channel.settings, settingsRaw, path, report);
  const { name = null, limits = {}, afterUnknown } = common?.value ?? {};
  const allowPrivateNetwork = common?.value.allowPrivateNetwork ?? raw['allowPrivateNetwork'] === true;
  const faults = checkConnection({
    channel,
    name,
    settings: settings?.value ?? settingsRaw,
    refuse: (url) => context.channels.refuseUrl(url, { allowPrivateNetwork }),
  });
  report.faults.push(...faults.map((fault) => `${path}.${fault}`));
  if (common === null || settings === null) return null;
  const connection: Connection = {
    id: connectionId(botId, channel.id, name),
    botId,
    channel: channel.id,
    name,
    settings: settings.value,
    limits: { perSecond: limits.perSecond ?? null, concurrency: limits.concurrency ?? null },
    allowPrivateNetwork,
    ...(afterUnknown === undefined ? {} : { afterUnknown }),
  };
  return { connection, printable: { channel: channel.id, ...settings.printable, ...common.printable } };
}

function readChannel(raw: unknown, path: string, { report, channels }: ConnectionContext): ConfigurableChannel | null {
  if (!isJsonObject(raw)) {
    report.faults.push(`${path}: must be a mapping of keys.`);
    return null;
  }
  const spelling = raw['channel'];
  if (typeof spelling !== 'string') {
    report.faults.push(`${path}.channel: is missing; one of ${channels.ids.join(', ')}.`);
    return null;
  }
  const channel = channels.find(spelling);
  if (channel === null) {
    const hint = suggest(spelling, channels.ids);
    report.faults.push(
      `${path}.channel: "${spelling}" is not a channel${hint}. There are: ${channels.ids.join(', ')}.`,
    );
  }
  return channel;
}

interface ConnectionToCheck {
  readonly channel: ConfigurableChannel;
  readonly name: string | null;
  readonly settings: JsonObject;
  readonly refuse: (url: URL) => string | null;
}

function checkConnection({ channel, name, settings, refuse }: ConnectionToCheck): string[] {
  const faults: string[] = [];
  if (name !== null && !channel.named)
    faults.push(`name: a bot has one ${channel.id} connection, so it takes no name.`);
  for (const [key, value] of Object.entries(settings)) {
    const refusal = isUrlKey(key) && typeof value === 'string' ? refuseUrlText(value, refuse) : null;
    if (refusal !== null) faults.push(`${key}: ${refusal}`);
  }
  return faults;
}

function refuseUrlText(text: string, refuse: (url: URL) => string | null): string | null {
  const url = URL.parse(text);
  return url === null ? 'must be a whole URL, as in https://example.com/path.' : refuse(url);
}

/** Channels call the URLs they take `url` or `…Url`. */
const isUrlKey = (key: string): boolean => /(^u|U)rl$/.test(key);
