import { ClientError } from '../client/client-error.ts';
import { ConfigurationError } from '../config/faults.ts';
import { CommandFailure, EXIT, type ExitCode } from './exit.ts';

export interface Explanation {
  /** One line each, for standard error. */
  readonly sentences: readonly string[];
  readonly exitCode: ExitCode;
}

/** Any way a command can end badly, in words and as an exit code. Nothing here prints a stack. */
export function explain(error: unknown): Explanation {
  if (error instanceof ConfigurationError) return { sentences: error.faults, exitCode: EXIT.configuration };
  if (error instanceof CommandFailure) return one(error.message, error.exitCode);
  if (error instanceof ClientError) return explainRefusal(error);
  if (!(error instanceof Error)) return explainBug('something was thrown that is not an error');
  return explainKnown(error) ?? explainPostgres(error) ?? explainSystem(error) ?? explainBug(error.message);
}

function explainRefusal({ status, text, message }: ClientError): Explanation {
  if (status === null) return one(`${text}.`, EXIT.unavailable);
  if (status === 401) {
    const hint = 'check its app, its secret, its scopes, its bots and its expiry; `beckon token` mints a good one';
    return one(`The server refused the token: ${text}; ${hint}.`, EXIT.failure);
  }
  const isPassing = status === 429 || status === 503;
  return one(`The server refused the call: ${message}.`, isPassing ? EXIT.tryLater : EXIT.failure);
}

/** By name, because the classes live beside what no other command has to load: database drivers, an SDK. */
const KNOWN_ERRORS: Readonly<Record<string, ExitCode>> = {
  StoreUnavailable: EXIT.unavailable,
  StoreHeld: EXIT.tryLater,
  StoreDamaged: EXIT.unavailable,
  SchemaTooNew: EXIT.configuration,
  BadTracing: EXIT.configuration,
  BackupRefused: EXIT.failure,
};

function explainKnown(error: Error): Explanation | null {
  const exitCode = KNOWN_ERRORS[error.name];
  return exitCode === undefined ? null : one(`${error.message}.`, exitCode);
}

/** PostgreSQL's SQLSTATE codes, by their beginning. */
const POSTGRES_CODES: readonly (readonly [string, string, ExitCode])[] = [
  ['28', 'check the user and the password in --database', EXIT.configuration],
  ['3D000', 'create it, or change --database', EXIT.configuration],
  ['42501', 'give the user the rights to create and use tables', EXIT.configuration],
  ['53300', 'raise max_connections or stop other clients', EXIT.tryLater],
  ['57P', 'wait until the server is up', EXIT.tryLater],
];

function explainPostgres(error: Error): Explanation | null {
  const { code } = systemFacts(error);
  if (code === null || !/^[0-9A-Z]{5}$/.test(code) || !('severity' in error)) return null;
  const [, advice, exitCode] = POSTGRES_CODES.find(([prefix]) => code.startsWith(prefix)) ?? ['', null, EXIT.failure];
  return one(`PostgreSQL said: ${error.message}${advice === null ? '' : `; ${advice}`}.`, exitCode);
}

function explainSystem(error: Error): Explanation | null {
  const { code, path, port, address } = systemFacts(error);
  switch (code) {
    case 'EADDRINUSE':
      return one(
        `Port ${port} is taken on ${address}: stop what listens there, or choose another --port.`,
        EXIT.unavailable,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return one(`This machine has no address ${address}: choose another --host.`, EXIT.configuration);
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return path === null
        ? one(`This user may not listen on port ${port}: choose a --port above 1023.`, EXIT.configuration)
        : one(`${path} cannot be written by this user: choose another folder or change its owner.`, EXIT.configuration);
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EISDIR':
      return one(
        `${path} cannot be used: a part of the path is missing or is not what it should be.`,
        EXIT.configuration,
      );
    case 'ENOSPC':
      return one(`The disk is full${path === null ? '' : ` (${path})`}.`, EXIT.unavailable);
    default:
      return null;
  }
}

function systemFacts(error: Error) {
  const read = (name: string): string | null => {
    const value: unknown = Reflect.get(error, name);
    return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
  };
  return {
    code: read('code'),
    path: read('path'),
    port: read('port') ?? '(unknown)',
    address: read('address') ?? read('hostname') ?? 'this host',
  };
}

function explainBug(message: string): Explanation {
  const advice = 'This is a fault in Beckon: run again with BECKON_DEBUG=1 for the place, and report it.';
  return one(`Unexpected: ${message}. ${advice}`, EXIT.failure);
}

/** Sentences of other rooms may end without a full stop, or hold a line break; none gets two of either. */
const one = (sentence: string, exitCode: ExitCode): Explanation => ({
  sentences: [sentence.replace(/\s+/g, ' ').replace(/\.{2,}$/, '.')],
  exitCode,
});
