import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import type { LoadedConfig } from '../../config/file.ts';
import { ownKeyPath, readOwnKey } from '../../config/own-key.ts';
import { asReference } from '../../config/references.ts';
import type { Settings } from '../../config/settings.ts';
import { isJsonObject } from '../../model/json.ts';
import type { Connection } from '../../model/tenancy.ts';
import type { Finding } from './report.ts';

/** Of the server itself: clients that keep their connection, the database, the log. */
const OWN_FILES = 512;

/** Each send in flight is a socket, and so is each client. Unknown where there is no /proc. */
export async function checkOpenFiles({ tenancy }: LoadedConfig): Promise<Finding> {
  const { findChannel } = await import('../../channels/channels.ts');
  const connections = tenancy.bots().flatMap((bot) => tenancy.connections(bot.id));
  const concurrency = ({ channel, limits }: Connection) =>
    limits.concurrency ?? findChannel(channel)?.defaults.concurrency ?? 0;
  const sends = connections.reduce((sum, connection) => sum + concurrency(connection), 0);
  const limit = readOpenFilesLimit();
  if (limit === null) return `${sends} sends at once; the limit of this system is not known`;
  const words = `at most ${limit}, and ${sends} sends at once plus ${OWN_FILES} for callers are to be expected`;
  if (limit >= sends + OWN_FILES) return words;
  return { warning: `${words}: raise the limit (LimitNOFILE= in systemd, ulimit -n in a shell).` };
}

function readOpenFilesLimit(): number | null {
  try {
    const limit = /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  } catch {
    return null;
  }
}

/** Rejects as listening on it would. A server that runs already is no fault. */
export async function checkPort({ host, port }: Settings, isRunning: boolean): Promise<Finding> {
  if (port === 0) return 'any free one';
  const server = createServer();
  const { promise, resolve: settle, reject } = Promise.withResolvers<void>();
  server.on('error', reject);
  server.listen({ host, port }, settle);
  try {
    await promise;
    return `${port} is free on ${host}`;
  } catch (error) {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (taken && isRunning) return `${port} is taken on ${host}, by the server that runs`;
    throw error;
  } finally {
    server.close();
  }
}

/** Receipts, events and "stop" come to this address; without it they never arrive, and nobody would notice. */
export async function checkPublicUrl({ publicUrl }: Settings, { tenancy }: LoadedConfig): Promise<Finding> {
  const { findChannel } = await import('../../channels/channels.ts');
  const connections = tenancy.bots().flatMap((bot) => tenancy.connections(bot.id));
  const channels = connections.map((connection) => connection.channel);
  const listening = [...new Set(channels)].filter((id) => findChannel(id)?.openInbox !== undefined);
  if (listening.length === 0) return 'none is needed: no connection hears from its provider';
  if (publicUrl === null) {
    const warning = `receipts and events of ${listening.join(', ')} cannot arrive: set --public-url, and tell the providers.`;
    return { warning };
  }
  if (publicUrl.startsWith('https:')) return `${publicUrl} is where ${listening.join(', ')} report to`;
  return { warning: `${publicUrl} is not encrypted, and providers refuse to report to it: use https.` };
}

/** Without a key nothing can be entered in the console that holds a secret, and that is every connection. */
export function checkSecretKey({ secretKey, database }: Settings): Finding {
  if (secretKey !== null) return 'it is set, and seals what is entered in the console or over the API';
  if (database.startsWith('postgres')) {
    const warning =
      'none is set, so no connection can be entered in the console: set BECKON_SECRET_KEY_FILE, the same for every server (openssl rand -base64 32).';
    return { warning };
  }
  const path = ownKeyPath(database);
  if (path === null) return 'one is made for as long as the database is in memory';
  if (readOwnKey(path) === null) return `a server makes one, ${path}; keep a copy of it, apart from backups`;
  return `${path} seals what is entered in the console or over the API; keep a copy of it, apart from backups`;
}

/** Secrets that are written in the file, or in files it names, where every user of the machine can read them. */
export function checkSecretFiles({ path, printable }: LoadedConfig): Finding {
  if (process.platform === 'win32') return 'this system has no modes to look at';
  const raw: unknown = parse(readFileSync(path, 'utf8'));
  const holders = new Set(listSecretFiles(raw, printable, path));
  const open = [...holders].filter((file) => (statSync(file).mode & 0o004) !== 0);
  if (open.length === 0) return 'other users of this machine can read none';
  return {
    warning: `every user of this machine can read the secrets in ${open.join(', ')}: chmod 640 ${open.join(' ')}`,
  };
}

/** Walks the file beside what may be shown of it, where every secret is `***`. */
function listSecretFiles(raw: unknown, shown: unknown, path: string): string[] {
  if (shown === '***') {
    const reference = asReference(raw);
    if (reference === null) return [path];
    return 'file' in reference ? [resolve(dirname(path), reference.file)] : [];
  }
  if (Array.isArray(raw) && Array.isArray(shown)) {
    return raw.flatMap((item, index) => listSecretFiles(item, shown[index], path));
  }
  if (!isJsonObject(raw) || !isJsonObject(shown)) return [];
  return Object.entries(raw).flatMap(([key, value]) => listSecretFiles(value, shown[key], path));
}
