import { isIP } from 'node:net';
import type { PostgresFacts } from '../../store/postgres-facts.ts';
import { CommandFailure, EXIT } from '../exit.ts';
import type { Finding } from './report.ts';

const OLDEST_VERSION = 14;
const OFFSET_MS = 5_000;

/** Each with its name; a check throws a `CommandFailure`. */
export const POSTGRES_CHECKS: readonly (readonly [
  name: string,
  check: (facts: PostgresFacts, url: string) => Finding,
])[] = [
  ['PostgreSQL version', checkVersion],
  ['PostgreSQL durability', checkDurability],
  ['PostgreSQL role', checkRole],
  ['PostgreSQL encoding', checkEncoding],
  ['PostgreSQL connections', checkConnectionCount],
  ['PostgreSQL clock', checkOffset],
  ['PostgreSQL encryption', checkEncryption],
];

function checkVersion({ version }: PostgresFacts): Finding {
  const words = `${Math.floor(version / 10_000)}.${version % 10_000}`;
  if (version >= OLDEST_VERSION * 10_000) return words;
  throw failure(`${words} is too old: Beckon needs PostgreSQL ${OLDEST_VERSION} or newer.`);
}

/** "Accepted" means that it survives a power cut, and only these settings make it so. */
function checkDurability({ fsync, fullPageWrites, synchronousCommit }: PostgresFacts): Finding {
  if (fsync === 'off')
    throw failure('fsync is off, so a power cut can destroy the database: ALTER SYSTEM SET fsync = on.');
  if (fullPageWrites === 'off') {
    throw failure('full_page_writes is off, so a power cut can tear pages: ALTER SYSTEM SET full_page_writes = on.');
  }
  if (synchronousCommit === 'off') {
    const remedy = 'ALTER ROLE <its user> SET synchronous_commit = on';
    throw failure(`synchronous_commit is off, so a crash loses notifications that were acknowledged: ${remedy}.`);
  }
  return `fsync on, synchronous_commit ${synchronousCommit}`;
}

function checkRole({ isStandby, mayCreate }: PostgresFacts): Finding {
  if (isStandby) throw failure('this server is a standby and takes no writes: let --database name the primary.');
  if (!mayCreate) {
    const remedy = 'GRANT CREATE ON SCHEMA public TO <its user>';
    return { warning: `the user may make no tables, so an upgrade cannot change the schema: ${remedy}.` };
  }
  return 'a primary, and the user may change the schema';
}

function checkEncoding({ encoding }: PostgresFacts): Finding {
  if (encoding === 'UTF8') return encoding;
  throw failure(
    `the encoding is ${encoding}, which cannot hold every message: make the database with ENCODING 'UTF8'.`,
  );
}

function checkConnectionCount({ maxConnections, connections, needed }: PostgresFacts): Finding {
  const free = maxConnections - connections;
  const words = `${connections} of ${maxConnections} are taken, and each Beckon needs ${needed}`;
  if (free < needed) throw failure(`${words}: raise max_connections, or put PgBouncer before others.`);
  if (free < 2 * needed) return { warning: `${words}: a second Beckon would find none; raise max_connections.` };
  return words;
}

function checkOffset({ clockOffsetMs }: PostgresFacts): Finding {
  const side = clockOffsetMs < 0 ? 'behind' : 'ahead of';
  const words = `it is ${Math.abs(clockOffsetMs)} ms ${side} this machine's`;
  if (Math.abs(clockOffsetMs) <= OFFSET_MS) return words;
  return { warning: `${words}: scheduled starts and expiry shift by that; let both machines use NTP.` };
}

function checkEncryption({ isEncrypted }: PostgresFacts, url: string): Finding {
  if (isEncrypted) return 'the connection is encrypted';
  const host = URL.parse(url)?.hostname ?? '';
  if (host === '' || host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'))) {
    return 'not needed on one machine';
  }
  return { warning: 'people and messages cross the network in the clear: add ?sslmode=verify-full to --database.' };
}

const failure = (sentence: string): CommandFailure => new CommandFailure(sentence, EXIT.failure);
