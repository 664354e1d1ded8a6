import { createTenancy } from '../config/tenancy.ts';
import type { Retention } from '../model/retention.ts';
import type { App, Bot, CallLimits, Connection, Tenancy } from '../model/tenancy.ts';

/** What the configuration file declares. */
export interface Declared {
  /** The file. */
  readonly path: string;
  readonly tenancy: Tenancy;
  readonly apps: readonly App[];
}

/** What was configured over the API. */
export interface Stored {
  readonly bots: readonly Bot[];
  readonly apps: readonly App[];
  readonly connections: readonly Connection[];
}

/**
 * The file and what was configured over the API beside it, of which the file wins. Whoever holds it sees a change at the
 * next look-up; what has not changed stays the same object.
 */
export class LiveTenancy implements Tenancy {
  readonly #declared: Declared;
  #current: Tenancy;
  #apps: readonly App[];

  constructor(declared: Declared) {
    this.#declared = declared;
    this.#current = declared.tenancy;
    this.#apps = declared.apps;
  }

  replace(stored: Stored): void {
    const { tenancy, apps } = this.#declared;
    const bots = [...tenancy.bots(), ...stored.bots.filter(({ id }) => !this.isDeclared('bot', id))];
    const declared = tenancy.bots().flatMap(({ id }) => tenancy.connections(id));
    const isOfBot = new Set(bots.map(({ id }) => id));
    const connections = stored.connections.filter(
      ({ id, botId }) => isOfBot.has(botId) && !this.isDeclared('connection', id),
    );
    this.#apps = [...apps, ...stored.apps.filter(({ clientId }) => !this.isDeclared('app', clientId))];
    this.#current = createTenancy({
      bots,
      apps: this.#apps,
      connections: [...declared, ...connections],
      callLimits: tenancy.callLimits,
      retention: tenancy.retention(''),
    });
  }

  isDeclared(kind: 'bot' | 'app' | 'connection', id: string): boolean {
    const { tenancy } = this.#declared;
    if (kind === 'bot') return tenancy.bot(id) !== null;
    return (kind === 'app' ? tenancy.app(id) : tenancy.connectionById(id)) !== null;
  }

  get callLimits(): CallLimits {
    return this.#current.callLimits;
  }

  retention(botId: string): Retention {
    return this.#current.retention(botId);
  }

  apps(): readonly App[] {
    return this.#apps;
  }

  app(clientId: string): App | null {
    return this.#current.app(clientId);
  }

  bot(botId: string): Bot | null {
    return this.#current.bot(botId);
  }

  bots(): readonly Bot[] {
    return this.#current.bots();
  }

  connections(botId: string): readonly Connection[] {
    return this.#current.connections(botId);
  }

  connection(botId: string, channel: string, name: string | null): Connection | null {
    return this.#current.connection(botId, channel, name);
  }

  connectionById(connectionId: string): Connection | null {
    return this.#current.connectionById(connectionId);
  }
}
