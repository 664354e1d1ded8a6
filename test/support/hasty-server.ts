import { loadCommandConfig } from '../../src/commands/runtime.ts';
import type { Settings } from '../../src/config/settings.ts';
import { createLogger } from '../../src/log/logger.ts';
import type { systemClock } from '../../src/model/clock.ts';
import { serve } from '../../src/serve.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/port.ts';

/** A server with one deliberate fault: it acknowledges a notification well before it is durable. */
const COMMIT_AFTER_MS = 2_000;

async function openHasty(url: string, options: { readonly clock: typeof systemClock }): Promise<Store> {
  const store = await openStore(url, options);
  return {
    ...store,
    async accept(request) {
      setTimeout(() => void store.accept(request), COMMIT_AFTER_MS);
      return { kind: 'accepted' };
    },
  };
}

const value = (flag: string): string => process.argv[process.argv.indexOf(flag) + 1] ?? '';
const settings: Settings = {
  config: value('--config'),
  database: value('--database'),
  host: '127.0.0.1',
  port: 0,
  logLevel: 'info',
  logFormat: 'json',
  console: 'off',
  secretKey: null,
  oldSecretKey: null,
  platformKey: null,
  drainMs: 1_000,
  lingerMs: 0,
  maxBotBacklog: 0,
  maxBacklog: 0,
  maxRefusedTokens: 0,
  leaseMs: 1_000,
  maxWalMb: 256,
  publicUrl: null,
  trustProxy: [],
  role: 'all',
};
const config = await loadCommandConfig(settings);
const logger = createLogger({ level: 'info', format: 'json' });
const running = await serve({ settings, config, logger, open: openHasty });
console.log(`listening on ${running.url}`);
