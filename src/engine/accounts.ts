import { createHash } from 'node:crypto';
import type { Channel } from '../channels/contract.ts';
import type { Clock, Random } from '../model/clock.ts';
import type { Connection, Tenancy } from '../model/tenancy.ts';
import { Account } from './account.ts';
import type { Hold } from './hold.ts';
import type { Nodes } from './nodes.ts';
import type { Permits } from './permits.ts';
import type { PermitFor } from './scopes.ts';

export interface AccountsParts {
  readonly tenancy: Tenancy;
  readonly clock: Clock;
  readonly random: Random;
  /** Other processes that send over the same accounts; null: there are none. */
  readonly nodes: Nodes | null;
  readonly permits: Permits | null;
  readonly weightOf: (botId: string) => number;
}

/** Which connections share what, over all bots of this process. */
export class Accounts {
  readonly #parts: AccountsParts;
  readonly #accounts = new Map<string, Account>();
  /** By what they agree in: the id of the first. */
  readonly #alike = new Map<string, string>();

  constructor(parts: AccountsParts) {
    this.#parts = parts;
  }

  accountOf(connection: Connection, channel: Channel): Account {
    const key = `${channel.id} ${channel.account?.(connection) ?? connection.id}`;
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    const { clock, random, nodes, permits, weightOf } = this.#parts;
    const perSecond = this.#rateOf(connection, channel);
    const permitFor: PermitFor = (scope) => permits?.permitFor(key, scope) ?? null;
    const account = new Account({ perSecond, clock, random, nodes, weightOf, permitFor });
    nodes?.add(key, account);
    this.#accounts.set(key, account);
    return account;
  }

  /** Only connections that agree in every setting, the credentials among them, are refused for the same reasons. */
  holdOf(connection: Connection, channel: Channel): Hold {
    return this.accountOf(connection, channel).holdOf(this.#nameOf(connection, channel));
  }

  /** The same on all nodes, and made of nothing secret. */
  #nameOf(connection: Connection, channel: Channel): string {
    if (channel.account === undefined) return connection.id;
    const key = likenessOf(connection);
    const known = this.#alike.get(key);
    if (known !== undefined) return known;
    const alike = this.#siblingsOf(connection, channel).filter((other) => likenessOf(other) === key);
    const [name = connection.id] = alike.map(({ id }) => id).sort();
    this.#alike.set(key, name);
    return name;
  }

  /** The lowest rate that any of an account's connections was given. */
  #rateOf(connection: Connection, channel: Channel): number | null {
    const rates = [connection, ...this.#siblingsOf(connection, channel)].map(
      ({ limits }) => limits.perSecond ?? channel.defaults.perSecond,
    );
    const limited = rates.filter((rate) => rate !== null).filter((rate) => rate > 0);
    return limited.length === 0 ? null : Math.min(...limited);
  }

  #siblingsOf(connection: Connection, channel: Channel): Connection[] {
    const account = channel.account?.(connection);
    if (account === undefined) return [];
    const { tenancy } = this.#parts;
    return tenancy
      .bots()
      .flatMap((bot) => tenancy.connections(bot.id))
      .filter((other) => other.channel === channel.id && channel.account?.(other) === account);
  }
}

const likenessOf = ({ channel, settings, allowPrivateNetwork }: Connection): string =>
  createHash('sha256')
    .update(JSON.stringify([channel, settings, allowPrivateNetwork]))
    .digest('base64');
