import type { Command } from 'commander';
import { readSettings } from '../config/read-settings.ts';
import { createTenancy } from '../config/tenancy.ts';
import { createLogger } from '../log/logger.ts';

export function define(command: Command): void {
  command
    .description('Prints the OpenAPI 3.1 document of this version, as a running server answers it at /openapi.json.')
    .addHelpText('after', '\nExample:\n  beckon openapi > beckon.openapi.json')
    .action(async () => console.log(await fetchDocument()));
}

/** From a server of this process with nothing in it: what is served is what is described. */
async function fetchDocument(): Promise<string> {
  const { serve } = await import('../serve.ts');
  const settings = readSettings({
    flags: { '--database': 'sqlite::memory:', '--port': '0' },
    env: {},
    readSecretFile: () => ({ fault: 'none is read here' }),
  });
  const tenancy = createTenancy({
    bots: [],
    apps: [],
    connections: [],
    callLimits: { perMinute: 0, perHour: 0 },
  });
  const config = { path: '', tenancy, apps: [], oidc: [], printable: {}, secretEnvNames: [] };
  const server = await serve({ settings, config, logger: createLogger({ level: 'silent', format: 'json' }) });
  try {
    const reply = await fetch(new URL('/openapi.json', server.url));
    return await reply.text();
  } finally {
    await server.drain();
  }
}
