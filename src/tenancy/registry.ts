import { randomBytes } from 'node:crypto';
import type { AuditEntry } from '../model/audit.ts';
import type { Clock } from '../model/clock.ts';
import { connectionId, isId } from '../model/ids.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { Logger } from '../model/logger.ts';
import type { App } from '../model/tenancy.ts';
import type { Configured, ConfiguredKey } from '../store/port/tenancy.ts';
import type { Store } from '../store/port.ts';
import {
  type AppDocument,
  type BotDocument,
  type ConnectionDocument,
  toAppDocument,
  toBotDocument,
  toConnectionDocument,
} from './documents.ts';
import { type Declared, LiveTenancy } from './live-tenancy.ts';
import { type AppKeys, type ReadParts, readStoredApp, readStoredBot, readStoredConnection } from './read-stored.ts';
import { Refused } from './refused.ts';
import { keepSecrets } from './secrets-left-out.ts';
import { placeOf, StoredRows } from './stored-rows.ts';
import { MasterKeyMissing, type Vault } from './vault.ts';

export interface RegistryParts extends ReadParts {
  readonly store: Pick<
    Store,
    'saveConfigured' | 'removeConfigured' | 'findConfigured' | 'listConfigured' | 'configuredVersion'
  >;
  readonly vault: Vault;
  readonly declared: Declared;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

/** How long the key before is good when an app is given another. */
const OVERLAP_HOURS = 24;
const HOUR_MS = 3_600_000;

export interface SavedApp {
  readonly isNew: boolean;
  readonly app: AppDocument;
  /** A secret that was made for the caller, told this once; null: the caller knows it already. */
  readonly clientSecret: string | null;
}

/**
 * Bots, apps and connections over the API, beside those of the configuration file. What the file declares is read-only
 * here. Every change is durable and audited before it is answered, and in force on this node; others follow. All reject
 * with `Refused`.
 */
export class Registry {
  readonly tenancy: LiveTenancy;
  readonly #parts: RegistryParts;
  readonly #rows: StoredRows;
  #version = 0;
  #refreshed: Promise<void> = Promise.resolve();
  #onChange = () => {};

  constructor(parts: RegistryParts) {
    this.#parts = parts;
    this.tenancy = new LiveTenancy(parts.declared);
    const onUnusable = ({ kind, botId }: ConfiguredKey, error: unknown) =>
      parts.logger.error('configured row unusable', { ...(botId !== '' && { botId }), detail: kind, error });
    this.#rows = new StoredRows({ ...parts, onUnusable });
  }

  /** Called after what is in force has changed. */
  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  /** Takes up what was changed on any node since the last time. Costs one small question if nothing was. */
  refresh(): Promise<void> {
    // One after the other: what was read earlier must not come later.
    this.#refreshed = this.#refreshed.catch(() => {}).then(() => this.#readAnew());
    return this.#refreshed;
  }

  async #readAnew(): Promise<void> {
    // Asked before the rows are read: a change that comes between is taken up the next time.
    const version = await this.#parts.store.configuredVersion();
    if (version === this.#version) return;
    this.tenancy.replace(await this.#rows.read());
    this.#version = version;
    this.#onChange();
  }

  bots(): BotDocument[] {
    return this.tenancy.bots().map((bot) => toBotDocument(bot, this.tenancy));
  }

  bot(id: string): BotDocument {
    const bot = this.tenancy.bot(id);
    if (bot === null) throw new Refused('unknown_bot', `there is no bot ${id}`);
    return toBotDocument(bot, this.tenancy);
  }

  async saveBot(id: string, body: JsonObject, audit: AuditEntry): Promise<{ isNew: boolean; bot: BotDocument }> {
    this.#refuseDeclared('bot', id);
    readStoredBot({ ...body, id }, this.#parts);
    const row = { botId: id, kind: 'bot', id, document: JSON.stringify({ ...body, id }), sealed: null } as const;
    const isNew = await this.#save(row, audit);
    return { isNew, bot: this.bot(id) };
  }

  /** With its connections; what was sent keeps its record. */
  async removeBot(id: string, audit: AuditEntry): Promise<void> {
    this.#refuseDeclared('bot', id);
    if (!(await this.#remove({ botId: id, kind: 'bot', id }, audit)))
      throw new Refused('unknown_bot', `there is no bot ${id}`);
  }

  connections(botId: string): ConnectionDocument[] {
    this.bot(botId);
    return this.tenancy.connections(botId).map((each) => toConnectionDocument(each, this.tenancy, this.#parts));
  }

  connection(id: string): ConnectionDocument {
    const connection = this.tenancy.connectionById(id);
    if (connection === null) throw new Refused('unknown_connection', `there is no connection ${id}`);
    return toConnectionDocument(connection, this.tenancy, this.#parts);
  }

  /** `body` as in the file, and besides it `botId`. Secrets that are left out stay as they are. */
  async saveConnection(
    body: JsonObject,
    audit: (connectionId: string) => AuditEntry,
  ): Promise<{ isNew: boolean; connection: ConnectionDocument }> {
    const { botId, ...given } = body;
    if (typeof botId !== 'string' || this.tenancy.bot(botId) === null)
      throw new Refused('invalid', `/botId: there is no bot ${botId}`, '/botId');
    const key = this.#connectionKey(botId, given);
    if (key !== null) this.#refuseDeclared('connection', key.id);
    const before = key === null ? null : await this.#parts.store.findConfigured(key);
    const raw = before === null ? given : await this.#withSecrets(given, before);
    const { connection, printable } = readStoredConnection(raw, botId, this.#parts);
    const of = { botId, kind: 'connection', id: connection.id } as const;
    const sealed = await this.#seal(raw, of);
    const isNew = await this.#save({ ...of, document: JSON.stringify(printable), sealed }, audit(connection.id));
    return { isNew, connection: this.connection(connection.id) };
  }

  async removeConnection(id: string, audit: (botId: string) => AuditEntry): Promise<void> {
    this.#refuseDeclared('connection', id);
    const botId = this.tenancy.connectionById(id)?.botId;
    if (botId === undefined || !(await this.#remove({ botId, kind: 'connection', id }, audit(botId))))
      throw new Refused('unknown_connection', `there is no connection ${id}`);
  }

  apps(): AppDocument[] {
    return this.tenancy.apps().map((app) => this.#toDocument(app));
  }

  app(clientId: string): AppDocument {
    const app = this.tenancy.app(clientId);
    if (app === null) throw new Refused('unknown_app', `there is no app ${clientId}`);
    return this.#toDocument(app);
  }

  /** A new app with a shared secret is given one unless the body has it; who is there keeps the key it has. */
  async saveApp(clientId: string, body: JsonObject, audit: AuditEntry): Promise<SavedApp> {
    this.#refuseDeclared('app', clientId);
    if (!isId('cs', clientId)) throw new Refused('invalid', 'the client id is cs-… with a version-5 UUID');
    const { clientSecret, publicKey, ...rest } = body;
    const given = clientSecret ?? publicKey ?? null;
    const before = this.tenancy.app(clientId);
    if (before !== null && before.algorithm !== rest['algorithm'])
      throw new Refused('invalid', `/algorithm: is ${before.algorithm} for good; make another app`, '/algorithm');
    if (before !== null && given !== null)
      throw new Refused('invalid', `${keyPointer(before)}: another key comes by rotating`, keyPointer(before));
    const made = given === null && before === null && isShared(rest) ? makeSecret() : null;
    const key = before?.key ?? made ?? given;
    if (typeof key !== 'string') throw new Refused('invalid', '/publicKey: is missing', '/publicKey');
    const isNew = await this.#saveApp({ ...rest, clientId }, { key, former: formerOf(before) }, audit);
    return { isNew, app: this.app(clientId), clientSecret: made };
  }

  /**
   * The app has another key at once, and the one before is good for another day. Of a rotation within that day the one in
   * between ends, which may have got lost on its way to the caller.
   */
  async rotateApp(clientId: string, body: JsonObject, audit: AuditEntry): Promise<SavedApp> {
    this.#refuseDeclared('app', clientId);
    const before = this.tenancy.app(clientId);
    if (before === null) throw new Refused('unknown_app', `there is no app ${clientId}`);
    const given = body['clientSecret'] ?? body['publicKey'] ?? null;
    const made = given === null && isShared({ ...before }) ? makeSecret() : null;
    const key = made ?? given;
    if (typeof key !== 'string') throw new Refused('invalid', '/publicKey: is missing', '/publicKey');
    if (key === before.key) return { isNew: false, app: this.#toDocument(before), clientSecret: null };
    const { key: _, former: __, ...rest } = before;
    const former = this.#overlap(before, body['overlapHours']);
    await this.#saveApp({ ...rest, bots: [...rest.bots], scopes: [...rest.scopes] }, { key, former }, audit);
    return { isNew: false, app: this.app(clientId), clientSecret: made };
  }

  async removeApp(clientId: string, audit: AuditEntry): Promise<void> {
    this.#refuseDeclared('app', clientId);
    if (!(await this.#remove({ botId: NO_BOT, kind: 'app', id: clientId }, audit)))
      throw new Refused('unknown_app', `there is no app ${clientId}`);
  }

  async #saveApp(raw: JsonObject, keys: AppKeys, audit: AuditEntry): Promise<boolean> {
    const botIds = new Set(this.tenancy.bots().map(({ id }) => id));
    readStoredApp(raw, keys, { ...this.#parts, botIds });
    const of = { botId: NO_BOT, kind: 'app', id: String(raw['clientId']) } as const;
    const sealed = await this.#seal({ ...keys }, of);
    return this.#save({ ...of, document: JSON.stringify(raw), sealed }, audit);
  }

  #overlap({ key, former }: App, hours: Json = OVERLAP_HOURS): AppKeys['former'] {
    const now = this.#parts.clock.now();
    if (hours === 0) return null;
    if (former !== undefined && former.until > now) return { key: former.app.key, until: former.until };
    return { key, until: now + Number(hours) * HOUR_MS };
  }

  #toDocument(app: App): AppDocument {
    return toAppDocument(app, this.tenancy, this.#parts.clock.now());
  }

  #connectionKey(botId: string, { channel, name = null }: JsonObject): ConfiguredKey | null {
    const found = typeof channel === 'string' ? this.#parts.channels.find(channel) : null;
    if (found === null || (name !== null && typeof name !== 'string')) return null;
    return { botId, kind: 'connection', id: connectionId(botId, found.id, name) };
  }

  async #withSecrets(given: JsonObject, before: Configured): Promise<JsonObject> {
    const printable: unknown = JSON.parse(before.document);
    return isJsonObject(printable) ? keepSecrets(given, await this.#rows.openConnection(before), printable) : given;
  }

  #refuseDeclared(kind: Configured['kind'], id: string): void {
    if (!this.tenancy.isDeclared(kind, id)) return;
    const { path } = this.#parts.declared;
    throw new Refused('in_file', `${id} is declared in ${path}: change it there, or take it out there first`);
  }

  async #seal(plain: JsonObject, key: ConfiguredKey): Promise<string> {
    try {
      return await this.#parts.vault.seal(JSON.stringify(plain), placeOf(key));
    } catch (error) {
      if (error instanceof MasterKeyMissing) throw new Refused('no_key', error.message);
      throw error;
    }
  }

  async #save(row: Configured, audit: AuditEntry): Promise<boolean> {
    const what = await this.#parts.store.saveConfigured({ row, audit });
    await this.refresh();
    return what === 'created';
  }

  async #remove(key: ConfiguredKey, audit: AuditEntry): Promise<boolean> {
    const isRemoved = await this.#parts.store.removeConfigured({ key, audit });
    await this.refresh();
    return isRemoved;
  }
}

const NO_BOT = '';

const isShared = ({ algorithm }: JsonObject | { readonly algorithm: string }): boolean =>
  algorithm === 'HS256' || algorithm === 'HS512';

const makeSecret = (): string => randomBytes(66).toString('base64url');

const keyPointer = (app: App): string => (isShared({ algorithm: app.algorithm }) ? '/clientSecret' : '/publicKey');

const formerOf = (app: App | null): AppKeys['former'] =>
  app?.former === undefined ? null : { key: app.former.app.key, until: app.former.until };
