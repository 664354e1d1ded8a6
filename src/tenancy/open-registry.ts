import { BlockList } from 'node:net';
import { CHANNELS, findChannel } from '../channels/channels.ts';
import { refuseUrl } from '../channels/guard.ts';
import type { ChannelCatalog } from '../config/connections.ts';
import { ConfigurationError } from '../config/faults.ts';
import { makeKey, makeOwnKey, ownKeyPath, readOwnKey } from '../config/own-key.ts';
import type { Settings } from '../config/settings.ts';
import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Store } from '../store/port.ts';
import type { Declared } from './live-tenancy.ts';
import { Registry } from './registry.ts';
import { MasterKeyMissing, Vault } from './vault.ts';

export interface OpenRegistry {
  readonly store: Store;
  readonly settings: Pick<Settings, 'database' | 'secretKey' | 'oldSecretKey' | 'platformKey'>;
  readonly config: Declared;
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * Reads what was configured over the API. Rejects with `ConfigurationError` when it cannot be opened for want of the key.
 * With an old key beside the new one everything is wrapped anew first.
 */
export async function openRegistry({ store, settings, config, logger, clock }: OpenRegistry): Promise<Registry> {
  const masterKey = settings.secretKey ?? (await findOwnKey(settings.database, store, logger));
  const vault = new Vault({ store, masterKey, oldMasterKey: settings.oldSecretKey });
  try {
    if (settings.oldSecretKey !== null && masterKey !== null) {
      const count = await vault.rewrap();
      logger.info('data keys wrapped anew', { count });
    }
    const canDecrypt = settings.platformKey !== null;
    const registry = new Registry({ store, vault, declared: config, channels: CATALOG, canDecrypt, clock, logger });
    await vault.assertOpens();
    await registry.refresh();
    return registry;
  } catch (error) {
    throw error instanceof MasterKeyMissing ? new ConfigurationError([`${error.message}.`]) : error;
  }
}

/**
 * Of a server that was given no key: the one it made. Where things are sealed already another would open none of them, so
 * then none is made, and what is missing is said.
 */
async function findOwnKey(database: string, store: Store, logger: Logger): Promise<Uint8Array | null> {
  if (!database.startsWith('sqlite:')) return null;
  const path = ownKeyPath(database);
  if (path === null) return makeKey();
  const known = readOwnKey(path);
  if (known !== null || (await store.listDataKeys({ after: null, limit: 1 })).length > 0) return known;
  logger.info('secret key made', { detail: path });
  return makeOwnKey(path);
}

const exempt = new BlockList();

export const CATALOG: ChannelCatalog = {
  ids: CHANNELS.map((channel) => channel.id),
  find: findChannel,
  refuseUrl: (url, { allowPrivateNetwork }) => refuseUrl(url, { allowPrivateNetwork, exempt }),
};
