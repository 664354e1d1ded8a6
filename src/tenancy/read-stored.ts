import { readApp } from '../config/apps.ts';
import { readBot } from '../config/bots.ts';
import { type ChannelCatalog, readConnection } from '../config/connections.ts';
import type { Report } from '../config/section.ts';
import type { JsonObject } from '../model/json.ts';
import type { App, Bot, Connection } from '../model/tenancy.ts';
import { BODY, refuseFaults } from './refused.ts';

export interface ReadParts {
  readonly channels: ChannelCatalog;
  /** The platform's private key is set, so apps may insist on encrypted tokens. */
  readonly canDecrypt: boolean;
}

/** What a caller may say of an app; its keys come apart. */
export interface AppKeys {
  readonly key: string;
  /** The one before, good until then (epoch ms). */
  readonly former: { readonly key: string; readonly until: number } | null;
}

/** Texts come as they are meant: only in the file does `{ env: … }` stand for another. */
const openReport = (): Report => ({ sources: null, faults: [], secretEnvNames: new Set() });

/** By the checks of the configuration file. Each throws `Refused` with the first fault. */
export function readStoredBot(raw: JsonObject, parts: ReadParts): Bot {
  const report = openReport();
  const read = readBot(raw, BODY, { ...parts, report });
  refuseFaults(report.faults);
  if (read === null) throw new TypeError('a bot without a fault was not read');
  return read.bot;
}

export function readStoredConnection(raw: JsonObject, botId: string, parts: ReadParts) {
  const report = openReport();
  const read = readConnection(raw, BODY, { ...parts, report, botId });
  refuseFaults(report.faults);
  if (read === null) throw new TypeError('a connection without a fault was not read');
  const connection: Connection = read.connection;
  return { connection, printable: read.printable };
}

export function readStoredApp(
  raw: JsonObject,
  { key, former }: AppKeys,
  parts: ReadParts & { readonly botIds: ReadonlySet<string> },
): App {
  const current = readOneApp(raw, key, parts);
  if (former === null) return current;
  return { ...current, former: { app: readOneApp(raw, former.key, parts), until: former.until } };
}

function readOneApp(raw: JsonObject, key: string, parts: ReadParts & { readonly botIds: ReadonlySet<string> }): App {
  const report = openReport();
  const isShared = raw['algorithm'] === 'HS256' || raw['algorithm'] === 'HS512';
  const keyed = { ...raw, [isShared ? 'clientSecret' : 'publicKey']: key };
  const read = readApp(keyed, BODY, { ...parts, report });
  refuseFaults(report.faults);
  if (read === null) throw new TypeError('an app without a fault was not read');
  return read.app;
}
