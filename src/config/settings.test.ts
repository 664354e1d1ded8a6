import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { ConfigurationError } from './faults.ts';
import { readSettings } from './read-settings.ts';
import { envOf, flagOf } from './setting.ts';
import { SETTING_KEYS, SETTINGS } from './settings.ts';
import { describeSettings, settingsTable } from './settings-docs.ts';

type Texts = Readonly<Record<string, string>>;

function read(env: Texts, flags: Texts = {}, files: Texts = {}) {
  return readSettings({
    env,
    flags,
    readSecretFile: (path) => {
      const value = files[path];
      return value === undefined ? { fault: `${path}: there is no such file.` } : { value };
    },
  });
}

function faultsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

const KEY = randomBytes(32).toString('base64');

test('nothing said means the documented defaults', () => {
  const { config, database, host, port, logLevel, secretKey, platformKey } = read({});
  assert.deepEqual(
    { config, database, host, port, logLevel, secretKey, platformKey },
    {
      config: 'beckon.yaml',
      database: 'sqlite:./data/beckon.db',
      host: '127.0.0.1',
      port: 8080,
      logLevel: 'info',
      secretKey: null,
      platformKey: null,
    },
  );
});

test('a flag beats the environment, and an empty variable is none', () => {
  assert.equal(read({ BECKON_PORT: '1' }).port, 1);
  assert.equal(read({ BECKON_PORT: '1' }, { '--port': '2' }).port, 2);
  assert.equal(read({ BECKON_PORT: '' }).port, 8080);
});

test('every flag and variable is told apart from every other', () => {
  const names = SETTING_KEYS.flatMap((key) => [flagOf(key, SETTINGS[key]), envOf(key), `${envOf(key)}_FILE`]);
  assert.equal(new Set(names).size, names.length);
});

test('a secret comes from a variable or from a file, by either way of naming it', () => {
  const want = new Uint8Array(Buffer.from(KEY, 'base64'));
  const hex = Buffer.from(want).toString('hex');
  for (const settings of [
    read({ BECKON_SECRET_KEY: KEY }),
    read({ BECKON_SECRET_KEY: hex }),
    read({ BECKON_SECRET_KEY_FILE: '/k' }, {}, { '/k': KEY }),
    read({}, { '--secret-key-file': '/k' }, { '/k': KEY }),
  ]) {
    assert.deepEqual(new Uint8Array(settings.secretKey ?? []), want);
  }
  assert.equal(read({ BECKON_DATABASE_FILE: '/d' }, {}, { '/d': 'postgres://db/x' }).database, 'postgres://db/x');
});

test('networks of proxies are a list', () => {
  const { trustProxy } = read({ BECKON_TRUST_PROXY: '10.0.0.0/8, 127.0.0.1,fd00::/8,::1' });
  assert.deepEqual(trustProxy, ['10.0.0.0/8', '127.0.0.1', 'fd00::/8', '::1']);
  assert.deepEqual(read({}).trustProxy, []);
  for (const bad of [
    'true',
    '1',
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/',
    '1.2.3',
    'fe80::1%eth0',
    '::1,',
  ])
    assert.match(
      faultsOf(() => read({ BECKON_TRUST_PROXY: bad })).join(),
      /^BECKON_TRUST_PROXY: ".*" is not an address/,
    );
});

const tinyRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: typeof tinyRsa.privateKey) => key.export({ type: 'pkcs8', format: 'pem' }).toString();

const REFUSED: readonly (readonly [string, Texts, Texts, RegExp])[] = [
  ['a port that is a word', { BECKON_PORT: 'http' }, {}, /^BECKON_PORT: "http" must be a whole number from 0 to 65535/],
  ['a port that is too high', {}, { '--port': '65536' }, /^--port: /],
  ['a port with a sign', {}, { '--port': '-1' }, /^--port: /],
  ['a port as Kubernetes injects it', { BECKON_PORT: 'tcp://10.0.0.1:80' }, {}, /^BECKON_PORT: /],
  ['a host with a path', {}, { '--host': 'a/b' }, /^--host: "a\/b" is not a host name/],
  ['an unknown level', {}, { '--log-level': 'loud' }, /^--log-level: "loud" must be one of trace, debug, info/],
  ['a database of another kind', {}, { '--database': 'mysql://u:planted@h/d' }, /^--database: .*Use sqlite:/],
  ['an SQLite URL with slashes', {}, { '--database': 'sqlite://data/x.db' }, /a path follows it directly/],
  ['a broken PostgreSQL URL', {}, { '--database': 'postgres://u:planted@h:port/d' }, /^--database: .*cannot be read/],
  ['a short key', { BECKON_SECRET_KEY: 'c2hvcnQ=' }, {}, /^BECKON_SECRET_KEY: The key must be 32 bytes/],
  ['a key that is not base64', { BECKON_SECRET_KEY: `${KEY}!!` }, {}, /^BECKON_SECRET_KEY: /],
  ['a file that is not there', { BECKON_SECRET_KEY_FILE: '/none' }, {}, /^BECKON_SECRET_KEY_FILE: \/none: there is no/],
  ['both twins', { BECKON_SECRET_KEY: KEY, BECKON_SECRET_KEY_FILE: '/k' }, {}, /and so is BECKON_SECRET_KEY_FILE/],
  ['a small RSA key', { BECKON_PLATFORM_KEY: pem(tinyRsa.privateKey) }, {}, /has 1024 bits; it needs at least 2048/],
  ['a key of another kind', { BECKON_PLATFORM_KEY: pem(ecKey.privateKey) }, {}, /is not an RSA private key/],
  ['a key that is no key', { BECKON_PLATFORM_KEY: 'planted' }, {}, /is not an RSA private key/],
];

for (const [what, env, flags, sentence] of REFUSED) {
  test(`${what} is refused in one sentence that repeats no secret`, () => {
    const faults = faultsOf(() => read(env, flags));
    assert.equal(faults.length, 1);
    assert.match(faults[0] ?? '', sentence);
    assert.doesNotMatch(faults[0] ?? '', /planted|c2hvcnQ/);
  });
}

test('all faults are named at once', () => {
  const faults = faultsOf(() => read({ BECKON_PORT: 'x', BECKON_HOST: 'a b', BECKON_DRAIN_MS: '-' }));
  assert.deepEqual(faults.map((fault) => fault.split(':')[0]).sort(), [
    'BECKON_DRAIN_MS',
    'BECKON_HOST',
    'BECKON_PORT',
  ]);
});

test('the print shows what is in force and no secret, of whatever length', () => {
  const settings = read({
    BECKON_SECRET_KEY: KEY,
    BECKON_DATABASE: 'postgres://beckon:planted%2Fpw@db:5432/x?sslmode=require&password=planted2',
  });
  const text = describeSettings(settings);
  assert.match(text, /^BECKON_SECRET_KEY=\*\*\*$/m);
  assert.match(text, /^BECKON_PLATFORM_KEY=\(not set\)$/m);
  assert.match(text, /^BECKON_DATABASE=postgres:\/\/beckon:\*\*\*@db:5432\/x\?sslmode=require&password=\*\*\*$/m);
  assert.ok(!text.includes(KEY) && !text.includes('planted'));
});

test('the reference table has a row for every setting', () => {
  const rows = settingsTable().split('\n');
  for (const key of SETTING_KEYS)
    assert.ok(
      rows.some((row) => row.includes(`\`${envOf(key)}\``)),
      key,
    );
});
