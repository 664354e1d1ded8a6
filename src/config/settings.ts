import { parseDatabase, parseHost, parseNetworks, parsePath, parsePublicUrl, redactDatabase } from './parse-address.ts';
import { parseChoice, parseWholeNumber } from './parse-plain.ts';
import { parseRsaPrivateKey, parseSecretKey } from './parse-secret.ts';
import { plain, type Setting, secret } from './setting.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export const LOG_FORMATS = ['auto', 'json', 'text'] as const;
export const ROLES = ['all', 'api', 'worker'] as const;
export type Role = (typeof ROLES)[number];
export const SWITCH = ['on', 'off'] as const;
export type Switch = (typeof SWITCH)[number];
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Everything a process can be told, each thing once: flags, environment, checks, help, print and docs come from here. */
export const SETTINGS = {
  config: plain({
    help: 'the file that declares bots, connections and apps',
    placeholder: 'file',
    fallback: 'beckon.yaml',
    parse: parsePath,
  }),
  database: plain({
    help: 'where notifications live: sqlite:<file>, sqlite::memory: or postgres://…',
    placeholder: 'url',
    fallback: 'sqlite:./data/beckon.db',
    parse: parseDatabase,
    print: redactDatabase,
    fileTwin: true,
  }),
  host: plain({
    help: 'the address to listen on; 0.0.0.0 or :: for every interface',
    placeholder: 'address',
    fallback: '127.0.0.1',
    parse: parseHost,
  }),
  port: plain({
    help: 'the port to listen on; 0 picks a free one',
    placeholder: 'number',
    fallback: 8080,
    parse: parseWholeNumber({ min: 0, max: 65_535 }),
  }),
  publicUrl: plain<string | null>({
    help: 'where providers reach this server from outside, for receipts and events: https://beckon.example.com/',
    placeholder: 'url',
    fallback: null,
    parse: parsePublicUrl,
    print: (url) => url ?? '(not set)',
  }),
  trustProxy: plain<readonly string[]>({
    help: 'addresses and networks of your proxies: what they say in X-Forwarded-For is believed, and nobody else’s word',
    placeholder: 'networks',
    fallback: [],
    parse: parseNetworks,
    print: (networks) => networks.join(',') || '(none)',
  }),
  role: plain<Role>({
    help: 'all, api (takes requests and sends nothing) or worker (sends and takes none); several share one PostgreSQL',
    placeholder: 'role',
    fallback: 'all',
    parse: parseChoice(ROLES),
  }),
  console: plain<Switch>({
    help: 'on or off: whether the operators’ console is served at /',
    placeholder: 'switch',
    fallback: 'on',
    parse: parseChoice(SWITCH),
  }),
  logLevel: plain<LogLevel>({
    help: 'how much to log: trace, debug, info, warn, error, fatal or silent',
    placeholder: 'level',
    fallback: 'info',
    parse: parseChoice(LOG_LEVELS),
  }),
  logFormat: plain<LogFormat>({
    help: 'json, text, or auto: text on a terminal and json elsewhere',
    placeholder: 'format',
    fallback: 'auto',
    parse: parseChoice(LOG_FORMATS),
  }),
  secretKey: secret<Uint8Array>({
    help: 'the key that seals stored secrets: 32 bytes as base64 or hex; without, one is made beside a SQLite file',
    placeholder: 'file',
    parse: parseSecretKey,
  }),
  oldSecretKey: secret<Uint8Array>({
    help: 'the key before secretKey, while one is changed for the other: what it sealed is wrapped anew at the start',
    placeholder: 'file',
    parse: parseSecretKey,
  }),
  platformKey: secret<string>({
    help: 'the RSA private key (PEM) that opens encrypted tokens (JWE)',
    placeholder: 'file',
    parse: parseRsaPrivateKey,
  }),
  drainMs: plain({
    help: 'how long a stopping server waits for sends in flight',
    placeholder: 'ms',
    fallback: 15_000,
    parse: parseWholeNumber({ min: 0, max: 600_000 }),
  }),
  lingerMs: plain({
    help: 'how long a stopping server on PostgreSQL goes on answering, for a balancer to see that it is not ready',
    placeholder: 'ms',
    fallback: 2_000,
    parse: parseWholeNumber({ min: 0, max: 600_000 }),
  }),
  maxBotBacklog: plain({
    help: 'recipients of one bot that may wait to be sent to; whoever asks for more is told 429; 0: no limit',
    placeholder: 'number',
    fallback: 2_000_000,
    parse: parseWholeNumber({ min: 0, max: 1_000_000_000 }),
  }),
  maxBacklog: plain({
    help: 'recipients of all bots together that may wait to be sent to; then callers are told 503; 0: no limit',
    placeholder: 'number',
    fallback: 5_000_000,
    parse: parseWholeNumber({ min: 0, max: 1_000_000_000 }),
  }),
  maxRefusedTokens: plain({
    help: 'tokens from one address or of one app that may be refused within a minute; then bad ones are told 429; 0: no limit',
    placeholder: 'number',
    fallback: 100,
    parse: parseWholeNumber({ min: 0, max: 1_000_000 }),
  }),
  leaseMs: plain({
    help: 'how long a batch belongs to a worker that fell silent',
    placeholder: 'ms',
    fallback: 30_000,
    parse: parseWholeNumber({ min: 1_000, max: 600_000 }),
  }),
  maxWalMb: plain({
    help: 'how long the log of a SQLite file may get while others read in it: at 3/4 nothing new is taken',
    placeholder: 'MB',
    fallback: 256,
    parse: parseWholeNumber({ min: 16, max: 1_048_576 }),
  }),
} as const;

export type SettingKey = keyof typeof SETTINGS;

/**
 * The settings of this process, checked. `secretKey` is 32 bytes, `platformKey` a PEM private key; both null when not
 * set. Times are milliseconds.
 */
export type Settings = {
  readonly [Key in SettingKey]: (typeof SETTINGS)[Key] extends Setting<infer T> ? T : never;
};

export const SETTING_KEYS = Object.keys(SETTINGS).filter((key): key is SettingKey => key in SETTINGS);
