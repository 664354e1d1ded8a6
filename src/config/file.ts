import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { Type } from 'typebox';
import { type Document, LineCounter, parseDocument, stringify, type YAMLError } from 'yaml';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import type { OidcProvider } from '../model/oidc.ts';
import type { App, Tenancy } from '../model/tenancy.ts';
import { type ReadApp, readApp } from './apps.ts';
import { CALL_LIMITS, type ReadBot, readBot } from './bots.ts';
import type { ChannelCatalog } from './connections.ts';
import { ConfigurationError } from './faults.ts';
import { readText } from './files.ts';
import { type ReadProvider, readProvider } from './oidc.ts';
import { RETENTION, readRetention } from './retention.ts';
import { listIn, type Report, readSection } from './section.ts';
import { createTenancy } from './tenancy.ts';

/** The configuration file after every check passed. */
export interface LoadedConfig {
  /** The file it came from. */
  readonly path: string;
  readonly tenancy: Tenancy;
  readonly apps: readonly App[];
  /** Where operators may be signed in besides here. */
  readonly oidc: readonly OidcProvider[];
  /** The file as it may be shown: defaults filled in, `***` for every secret. */
  readonly printable: JsonObject;
  /** Environment variables that held a secret; the process has no more use for them. */
  readonly secretEnvNames: readonly string[];
}

export interface ConfigRequest {
  readonly path: string;
  readonly channels: ChannelCatalog;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The platform's private key is set, so apps may insist on encrypted tokens. */
  readonly canDecrypt: boolean;
  /** Where people reach this server; null: nobody said. */
  readonly publicUrl: string | null;
}

const FILE = Type.Object(
  {
    bots: Type.Array(Type.Unknown(), { default: [] }),
    apps: Type.Array(Type.Unknown(), { default: [] }),
    limits: Type.Object(CALL_LIMITS.properties, { additionalProperties: false, default: {} }),
    retention: Type.Optional(RETENTION),
    oidc: Type.Array(Type.Unknown(), { default: [] }),
  },
  { additionalProperties: false },
);

/** Reads and checks the whole file. Throws `ConfigurationError` that names every fault with the path of its key. */
export function loadConfig(request: ConfigRequest): LoadedConfig {
  const sources = { env: request.env, folder: dirname(request.path) };
  const report: Report = { sources, faults: [], secretEnvNames: new Set() };
  const raw = parseYaml(request.path);
  const file = readSection(FILE, raw, '', report);
  const bots = readBots(raw, request, report);
  const apps = readApps(raw, request, report);
  const oidc = readProviders(raw, request, report);
  const retention = file?.value.retention && readRetention(file.value.retention, 'retention', report);
  if (file === null || report.faults.length > 0) throw new ConfigurationError(report.faults);
  return {
    path: request.path,
    tenancy: createTenancy({
      bots: bots.map((item) => item.bot),
      apps: apps.map((item) => item.app),
      connections: bots.flatMap((item) => item.connections),
      callLimits: file.value.limits,
      ...(retention && { retention }),
    }),
    apps: apps.map((item) => item.app),
    oidc: oidc.map((item) => item.provider),
    printable: {
      bots: bots.map((item) => item.printable),
      apps: apps.map((item) => item.printable),
      limits: file.value.limits,
      ...(file.value.retention && { retention: file.value.retention }),
      ...(oidc.length > 0 && { oidc: oidc.map((item) => item.printable) }),
    },
    secretEnvNames: [...report.secretEnvNames],
  };
}

/**
 * One app of the file and nothing else, so that a machine which only makes tokens needs none of the other secrets.
 * Null when the file has no such app; throws `ConfigurationError` when the app has faults.
 */
export function loadApp(request: Pick<ConfigRequest, 'path' | 'env'> & { readonly clientId: string }): App | null {
  const sources = { env: request.env, folder: dirname(request.path) };
  const report: Report = { sources, faults: [], secretEnvNames: new Set() };
  const raw = parseYaml(request.path);
  const items = listIn(raw, 'apps');
  const index = items.findIndex((item) => isJsonObject(item) && item['clientId'] === request.clientId);
  if (index < 0) return null;
  const read = readApp(items[index], `apps[${index}]`, { report, canDecrypt: true, botIds: declaredBotIds(raw) });
  if (read === null) throw new ConfigurationError(report.faults);
  return read.app;
}

/** The file as YAML that is safe to paste into a ticket. */
export function describeConfig(config: LoadedConfig): string {
  return stringify(config.printable, { lineWidth: 0, aliasDuplicateObjects: false });
}

const BEGIN = 'an empty one is enough to begin with, for the console sets up the rest';

function parseYaml(path: string): unknown {
  if (!existsSync(path)) throw new ConfigurationError([`${path}: there is no such file; ${BEGIN}.`]);
  const text = readText(path);
  if ('fault' in text) throw new ConfigurationError([text.fault]);
  const lines = new LineCounter();
  const document = parseDocument(text.value, { lineCounter: lines, prettyErrors: false });
  // A warning means that a value was read as something else than it looks like.
  const troubles = [...document.errors, ...document.warnings];
  if (troubles.length === 0) return expand(document, path);
  throw new ConfigurationError(
    troubles.map((trouble) => {
      const { line, col } = lines.linePos(trouble.pos[0]);
      return `${path}: line ${line}, column ${col}: ${explainYaml(trouble)}.`;
    }),
  );
}

/** The library's words, except where they would repeat a secret that somebody forgot to quote. */
function explainYaml({ code, message }: YAMLError): string {
  return code === 'TAG_RESOLVE_FAILED' ? 'put quotes around a value that begins with !' : message.replace(/\.$/, '');
}

/** Aliases are followed here: to anchors that are not there, or so often that memory would end. */
function expand(document: Document.Parsed, path: string): unknown {
  try {
    return document.toJS() ?? {};
  } catch (error) {
    const isBomb = error instanceof Error && error.message.startsWith('Excessive');
    const sentence = isBomb ? 'its aliases multiply without end' : 'put quotes around a value that begins with *';
    throw new ConfigurationError([`${path}: ${sentence}.`]);
  }
}

function readBots(raw: unknown, { channels }: ConfigRequest, report: Report): ReadBot[] {
  const bots = listIn(raw, 'bots').map((item, index) => readBot(item, `bots[${index}]`, { report, channels }));
  refuseTwins(
    bots.map((item) => item?.bot.id ?? null),
    (index) => `bots[${index}].id`,
    report,
  );
  return bots.filter((item) => item !== null);
}

function readApps(raw: unknown, { canDecrypt }: ConfigRequest, report: Report): ReadApp[] {
  const context = { report, canDecrypt, botIds: declaredBotIds(raw) };
  const apps = listIn(raw, 'apps').map((item, index) => readApp(item, `apps[${index}]`, context));
  refuseTwins(
    apps.map((item) => item?.app.clientId ?? null),
    (index) => `apps[${index}].clientId`,
    report,
  );
  return apps.filter((item) => item !== null);
}

function readProviders(raw: unknown, { channels, publicUrl }: ConfigRequest, report: Report): ReadProvider[] {
  const context = { report, publicUrl, refuseUrl: channels.refuseUrl };
  const read = listIn(raw, 'oidc').map((item, index) => readProvider(item, `oidc[${index}]`, context));
  for (const key of ['id', 'issuer'] as const) {
    const values = read.map((item) => item?.provider[key] ?? null);
    refuseTwins(values, (index) => `oidc[${index}].${key}`, report);
  }
  return read.filter((item) => item !== null);
}

function declaredBotIds(raw: unknown): ReadonlySet<unknown> {
  return new Set(listIn(raw, 'bots').flatMap((bot) => (isJsonObject(bot) ? [bot['id']] : [])));
}

function refuseTwins(ids: readonly (string | null)[], pathOf: (index: number) => string, report: Report): void {
  for (const [index, id] of ids.entries()) {
    const first = ids.indexOf(id);
    if (id !== null && first < index)
      report.faults.push(`${pathOf(index)}: ${id} is declared already at ${pathOf(first)}.`);
  }
}
