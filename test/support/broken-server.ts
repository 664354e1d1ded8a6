import { loadCommandConfig } from '../../src/commands/runtime.ts';
import { readSettings } from '../../src/config/read-settings.ts';
import { createLogger } from '../../src/log/logger.ts';
import type { Clock, Random } from '../../src/model/clock.ts';
import { type RunningServer, serve } from '../../src/serve.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/port.ts';

/** Serves what the command line says over a store with a deliberate fault: for negative controls. */
export async function serveBroken(
  change: (store: Store) => Store,
  more: { readonly clock?: Clock; readonly random?: Random } = {},
): Promise<RunningServer> {
  const words = process.argv.slice(3);
  const flags: Record<string, string> = {};
  for (let index = 0; index + 1 < words.length; index += 2) flags[words[index] ?? ''] = words[index + 1] ?? '';
  const { BECKON_SECRET_KEY, BECKON_OLD_SECRET_KEY } = process.env;
  const env = { BECKON_SECRET_KEY, BECKON_OLD_SECRET_KEY };
  const settings = readSettings({ flags, env, readSecretFile: (path) => ({ fault: `${path} is not wanted` }) });
  const config = await loadCommandConfig(settings);
  const logger = createLogger({ level: settings.logLevel, format: 'json' });
  const open = async (url: string, options: Parameters<typeof openStore>[1]) => change(await openStore(url, options));
  const running = await serve({ settings, config, logger, open, ...more });
  console.log(`listening on ${running.url}`);
  process.on('SIGTERM', () => void running.drain().then(() => process.exit(0)));
  return running;
}
