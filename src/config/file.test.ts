import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Type } from 'typebox';
import type { ChannelCatalog } from './connections.ts';
import { ConfigurationError } from './faults.ts';
import { describeConfig, loadApp, loadConfig } from './file.ts';

const BOT = 'st-736ff917-d836-55b4-9a6b-3dad20c09af3';
const OTHER_BOT = 'st-00000000-0000-5000-8000-000000000001';
const APP = 'cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9';
const SECRET = 'planted-4Zr9fQx7LwKe2Tn8Vb5Hm3Jd6Gs1Pc0Ya';

const folder = mkdtempSync(join(tmpdir(), 'beckon-config-'));
after(() => rmSync(folder, { recursive: true }));

const TEAMS = {
  id: 'msteams',
  aliases: ['msteam'],
  named: false,
  settings: Type.Object(
    {
      token: Type.String({ secret: true, minLength: 1 }),
      baseUrl: Type.String({ default: 'https://teams.example/' }),
      tenantId: Type.Optional(Type.String({ pattern: '^[a-f0-9]+$', description: 'the tenant as hexadecimal digits' })),
      mode: Type.Optional(Type.Union([Type.Literal('fast'), Type.Literal('slow')])),
      nested: Type.Optional(Type.Object({ open: Type.String(), closed: Type.String({ secret: true }) })),
    },
    { additionalProperties: false },
  ),
};
const WEBHOOK = {
  id: 'ivr',
  aliases: ['webhook'],
  named: true,
  settings: Type.Object({ url: Type.String() }, { additionalProperties: false }),
};
const CHANNELS: ChannelCatalog = {
  ids: ['msteams', 'ivr'],
  find: (spelling) => [TEAMS, WEBHOOK].find(({ id, aliases }) => id === spelling || aliases.includes(spelling)) ?? null,
  refuseUrl: (url, { allowPrivateNetwork }) =>
    url.hostname === '127.0.0.1' && !allowPrivateNetwork ? 'set allowPrivateNetwork: true' : null,
};

let files = 0;
function load(yaml: string, env: Readonly<Record<string, string>> = {}, canDecrypt = false) {
  files += 1;
  const path = join(folder, `${files}.yaml`);
  writeFileSync(path, yaml);
  return loadConfig({ path, channels: CHANNELS, env, canDecrypt, publicUrl: null });
}

function faultsOf(yaml: string, env: Readonly<Record<string, string>> = {}): readonly string[] {
  try {
    load(yaml, env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

const bot = (connections: string) => `bots: [{ id: ${BOT}, connections: ${connections} }]`;
const app = (keys: string) => `bots: [{ id: ${BOT} }]\napps: [{ clientId: ${APP}, ${keys} }]`;

test('a whole file becomes the tenancy', () => {
  const { tenancy, apps } = load(`
bots:
  - id: ${BOT}
    name: HR
    connections:
      - { channel: msteam, token: t }
      - { channel: ivr, name: Orders, url: "https://a.example/x", limits: { perSecond: 0.5, concurrency: 3 } }
      - { channel: webhook, name: Bills, url: "http://127.0.0.1/x", allowPrivateNetwork: true, afterUnknown: hold }
apps:
  - { clientId: ${APP}, algorithm: HS256, clientSecret: ${SECRET}, bots: [${BOT}] }
limits: { perMinute: 0 }
`);
  assert.deepEqual(tenancy.callLimits, { perMinute: 0, perHour: 18_000 });
  assert.deepEqual(tenancy.bots(), [{ id: BOT, name: 'HR' }]);
  assert.deepEqual(tenancy.connection(BOT, 'msteams', null)?.settings, {
    token: 't',
    baseUrl: 'https://teams.example/',
  });
  assert.equal(tenancy.connection(BOT, 'ivr', null)?.name, 'Orders');
  const bills = tenancy.connection(BOT, 'ivr', 'Bills');
  assert.equal(bills?.allowPrivateNetwork, true);
  assert.equal(bills?.afterUnknown, 'hold');
  assert.equal(tenancy.connection(BOT, 'ivr', 'Orders')?.afterUnknown, undefined);
  assert.equal(tenancy.connectionById(bills?.id ?? ''), bills);
  assert.deepEqual(tenancy.connection(BOT, 'ivr', 'Orders')?.limits, { perSecond: 0.5, concurrency: 3 });
  assert.equal(tenancy.connection(BOT, 'ivr', 'None'), null);
  assert.equal(tenancy.connection(OTHER_BOT, 'ivr', null), null);
  assert.deepEqual(apps, [tenancy.app(APP)]);
  assert.deepEqual(tenancy.app(APP), {
    clientId: APP,
    name: APP,
    algorithm: 'HS256',
    key: SECRET,
    kind: 'builder',
    bots: [BOT],
    scopes: ['channel_management:proactive_messages'],
    enforceJti: false,
    enforceJwe: false,
  });
});

test('a bot may have quiet hours', () => {
  const { tenancy } = load(
    `bots: [{ id: ${BOT}, quietHours: { from: '22:00', until: '07:00', days: [fri, sat] } }, { id: ${OTHER_BOT} }]`,
  );
  const zones = { timeZone: 'person', fallbackTimeZone: 'UTC' };
  assert.deepEqual(tenancy.bot(BOT)?.quietHours, { days: ['fri', 'sat'], from: '22:00', until: '07:00', ...zones });
  assert.equal(tenancy.bot(OTHER_BOT)?.quietHours, undefined);
});

test('how long things are kept is said for all bots, and of each what differs', () => {
  const { tenancy, printable } = load(
    `retention: { recipients: 90d, notifications: 400d }\nbots: [{ id: ${BOT}, retention: { recipients: 30d, callbacks: 7d } }]`,
  );
  assert.deepEqual(tenancy.retention(BOT), { recipientsDays: 30, notificationsDays: 400, callbacksDays: 7 });
  assert.deepEqual(tenancy.retention(OTHER_BOT), { recipientsDays: 90, notificationsDays: 400 });
  assert.deepEqual(printable['retention'], { recipients: '90d', notifications: '400d' });
  assert.deepEqual(load(`bots: [{ id: ${BOT} }]`).tenancy.retention(BOT), {});
});

test('a bot may have a weight', () => {
  const { tenancy } = load(`bots: [{ id: ${BOT}, weight: 3 }, { id: ${OTHER_BOT} }]`);
  assert.deepEqual([tenancy.bot(BOT)?.weight, tenancy.bot(OTHER_BOT)?.weight], [3, undefined]);
});

test('an empty file is a server without tenants', () => {
  assert.deepEqual(load('# nothing yet\n').tenancy.bots(), []);
});

test('references are followed, relative to the file, and name the variables that held secrets', () => {
  writeFileSync(join(folder, 'token.txt'), 'from-file\n');
  const config = load(
    bot(
      '[{ channel: msteams, token: { file: token.txt }, baseUrl: { env: BASE } }, { channel: ivr, url: { env: HOOK } }]',
    ),
    { BASE: 'https://base.example', HOOK: 'https://hook.example' },
  );
  assert.deepEqual(config.tenancy.connection(BOT, 'msteams', null)?.settings, {
    token: 'from-file',
    baseUrl: 'https://base.example',
  });
  assert.deepEqual(config.secretEnvNames, []);
  const secret = load(bot('[{ channel: msteams, token: { env: T } }]'), { T: 'x' });
  assert.deepEqual(secret.secretEnvNames, ['T']);
});

const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength });
const publicPem = (pair: ReturnType<typeof rsa>) =>
  JSON.stringify(pair.publicKey.export({ type: 'spki', format: 'pem' }));
const big = rsa(2048);
const privatePem = JSON.stringify(big.privateKey.export({ type: 'pkcs8', format: 'pem' }));

const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ['an unknown key at the top', 'bot: []', /^bot: is not a key here \(did you mean "bots"\?\)\.$/],
  ['a file that is a list', '- a', /^the file: must be a mapping of keys\.$/],
  ['bots that are no list', 'bots: {}', /^bots: must be a list\.$/],
  ['a bot without an id', 'bots: [{ name: x }]', /^bots\[0\]\.id: is missing\.$/],
  [
    'a bot with an odd id',
    'bots: [{ id: st-1 }]',
    /^bots\[0\]\.id: is not a bot id; this one is fresh .*: st-[0-9a-f-]{36}$/,
  ],
  [
    'a bot twice',
    `bots: [{ id: ${BOT} }, { id: ${BOT} }]`,
    /^bots\[1\]\.id: st-.* is declared already at bots\[0\]\.id\.$/,
  ],
  ['a number where text belongs', `bots: [{ id: ${BOT}, name: 5 }]`, /^bots\[0\]\.name: must be text; put quotes/],
  [
    'quiet hours without an end',
    `bots: [{ id: ${BOT}, quietHours: { from: '22:00' } }]`,
    /^bots\[0\]\.quietHours\.until: is missing\.$/,
  ],
  [
    'quiet hours of no place',
    `bots: [{ id: ${BOT}, quietHours: { from: '22:00', until: '07:00', timeZone: Berlin } }]`,
    /^bots\[0\]\.quietHours\.timeZone: must be person or an IANA time zone such as Europe\/Berlin\.$/,
  ],
  ['a weight of nothing', `bots: [{ id: ${BOT}, weight: 0 }]`, /^bots\[0\]\.weight: must be at least 1\.$/],
  ['an age without its unit', 'retention: { recipients: "90" }', /^retention\.recipients: .*days, such as 90d/],
  [
    'recipients that outlast their notification',
    'retention: { recipients: 400d, notifications: 90d }',
    /^retention\.recipients: 400d is longer than notifications \(90d\), and nothing outlasts those\.$/,
  ],
  ['limits below zero', 'limits: { perMinute: -1 }', /^limits\.perMinute: must be at least 0\.$/],
  ['a connection that is a word', bot('[msteams]'), /^bots\[0\]\.connections\[0\]: must be a mapping of keys\.$/],
  [
    'a connection without channel',
    bot('[{ token: t }]'),
    /connections\[0\]\.channel: is missing; one of msteams, ivr\.$/,
  ],
  [
    'an unknown channel',
    bot('[{ channel: msteems }]'),
    /channel: "msteems" is not a channel \(did you mean "msteams"\?\)/,
  ],
  [
    'an unknown setting',
    bot('[{ channel: msteams, token: t, tokn: x }]'),
    /connections\[0\]\.tokn: is not a key here \(did/,
  ],
  ['a missing setting', bot('[{ channel: msteams }]'), /^bots\[0\]\.connections\[0\]\.token: is missing\.$/],
  [
    'a setting of the wrong kind',
    bot('[{ channel: msteams, token: 5 }]'),
    /connections\[0\]\.token: must be text; put/,
  ],
  ['an empty setting', bot('[{ channel: msteams, token: "" }]'), /connections\[0\]\.token: is empty\.$/],
  ['a setting without value', bot('[{ channel: msteams, token: }]'), /connections\[0\]\.token: has no value\.$/],
  [
    'a setting of another form',
    bot('[{ channel: msteams, token: t, tenantId: X }]'),
    /expected: the tenant as hexadecimal/,
  ],
  ['a choice there is not', bot('[{ channel: msteams, token: t, mode: x }]'), /mode: must be one of fast, slow\.$/],
  [
    'a missing variable',
    bot('[{ channel: msteams, token: { env: NOPE } }]'),
    /token: the environment variable NOPE is not/,
  ],
  [
    'an empty variable',
    bot('[{ channel: msteams, token: { env: EMPTY } }]'),
    /token: the environment variable EMPTY is empty/,
  ],
  ['a missing file', bot('[{ channel: msteams, token: { file: /nope } }]'), /token: \/nope: there is no such file\.$/],
  ['an odd reference', bot('[{ channel: msteams, token: { envv: X } }]'), /connections\[0\]\.token: must be text/],
  ['a text that is no URL', bot('[{ channel: ivr, url: example.com }]'), /connections\[0\]\.url: must be a whole URL/],
  ['an unknown policy', bot('[{ channel: ivr, url: "https://a.b", afterUnknown: panic }]'), /afterUnknown: /],
  ['a URL on this machine', bot('[{ channel: ivr, url: "http://127.0.0.1/" }]'), /url: set allowPrivateNetwork: true$/],
  [
    'a switch that is a word',
    bot('[{ channel: ivr, url: "https://a.b", allowPrivateNetwork: yep }]'),
    /must be true or false/,
  ],
  [
    'a limit that is none',
    bot('[{ channel: ivr, url: "https://a.b", limits: { perSecond: -1 } }]'),
    /perSecond: must be at least 0/,
  ],
  [
    'an unknown limit',
    bot('[{ channel: ivr, url: "https://a.b", limits: { perHour: 1 } }]'),
    /limits\.perHour: is not a key here/,
  ],
  [
    'a name where none belongs',
    bot('[{ channel: msteams, token: t, name: x }]'),
    /\.name: a bot has one msteams connection/,
  ],
  [
    'a connection twice',
    bot('[{ channel: msteams, token: t }, { channel: msteam, token: u }]'),
    /connections\[1\]: a msteams .* already at/,
  ],
  [
    'a named connection twice',
    bot('[{ channel: ivr, name: A, url: "https://a.b" }, { channel: ivr, name: A, url: "https://a.b" }]'),
    /"A" is declared already/,
  ],
  ['an app without algorithm', app(`clientSecret: ${SECRET}, bots: [${BOT}]`), /^apps\[0\]\.algorithm: is missing\.$/],
  [
    'an algorithm there is not',
    app(`algorithm: none, bots: [${BOT}]`),
    /algorithm: must be one of HS256, HS512, RS256, RS512/,
  ],
  [
    'a weak HS256 secret',
    app(`algorithm: HS256, clientSecret: planted, bots: [${BOT}]`),
    /needs 32 bytes\. Make one with: openssl/,
  ],
  [
    'a weak HS512 secret',
    app(`algorithm: HS512, clientSecret: ${SECRET}, bots: [${BOT}]`),
    /HS512, which needs 64 bytes/,
  ],
  [
    'a secret of one letter',
    app(`algorithm: HS256, clientSecret: ${'a'.repeat(64)}, bots: [${BOT}]`),
    /can be guessed/,
  ],
  [
    'a missing secret',
    app(`algorithm: HS256, bots: [${BOT}]`),
    /^apps\[0\]\.clientSecret: is missing; HS256 needs one/,
  ],
  [
    'a secret from nowhere',
    app(`algorithm: HS256, clientSecret: { env: NOPE }, bots: [${BOT}]`),
    /^apps\[0\]\.clientSecret: the env.* NOPE is not set\.$/,
  ],
  [
    'a public key beside HS256',
    app(`algorithm: HS256, clientSecret: ${SECRET}, publicKey: x, bots: [${BOT}]`),
    /publicKey: HS256 takes/,
  ],
  [
    'a secret beside RS256',
    app(`algorithm: RS256, clientSecret: ${SECRET}, bots: [${BOT}]`),
    /clientSecret: RS256 takes a publicKey/,
  ],
  ['a missing public key', app(`algorithm: RS256, bots: [${BOT}]`), /^apps\[0\]\.publicKey: is missing/],
  [
    'a private key',
    app(`algorithm: RS256, publicKey: ${privatePem}, bots: [${BOT}]`),
    /this is a private key\. Take its public half/,
  ],
  ['a key that is none', app(`algorithm: RS256, publicKey: planted, bots: [${BOT}]`), /is not an RSA public key/],
  [
    'a small RSA key',
    app(`algorithm: RS256, publicKey: ${publicPem(rsa(1024))}, bots: [${BOT}]`),
    /has 1024 bits and needs at least 2048/,
  ],
  [
    'an app of an unknown bot',
    app(`algorithm: HS256, clientSecret: ${SECRET}, bots: [${OTHER_BOT}]`),
    /^apps\[0\]\.bots\[0\]: no bot with/,
  ],
  ['a builder without bots', app(`algorithm: HS256, clientSecret: ${SECRET}`), /^apps\[0\]\.bots: is empty/],
  [
    'a builder that would manage all bots',
    app(`algorithm: HS256, clientSecret: ${SECRET}, bots: [${BOT}], scopes: ['admin:write']`),
    /scopes: admin:write reaches every bot/,
  ],
  [
    'an admin with bots',
    app(`algorithm: HS256, clientSecret: ${SECRET}, kind: admin, bots: [${BOT}]`),
    /an admin app reaches every bot/,
  ],
  [
    'an unknown scope',
    app(`algorithm: HS256, clientSecret: ${SECRET}, bots: [${BOT}], scopes: [all]`),
    /^apps\[0\]\.scopes\[0\]: must be one of channel/,
  ],
  [
    'JWE without a key',
    app(`algorithm: HS256, clientSecret: ${SECRET}, bots: [${BOT}], enforceJwe: true`),
    /set BECKON_PLATFORM_KEY_FILE/,
  ],
];

for (const [what, yaml, sentence] of REFUSED) {
  test(`${what} is one fault, with its path and without secrets`, () => {
    const faults = faultsOf(yaml, { EMPTY: '' });
    assert.deepEqual(faults.length, 1, faults.join('\n'));
    assert.match(faults[0] ?? '', sentence);
    assert.doesNotMatch(faults[0] ?? '', /planted|PRIVATE KEY-/);
  });
}

test('faults of every corner are named together', () => {
  const faults = faultsOf(`
bot: 1
bots:
  - { id: st-1, connections: [{ channel: nope }, { channel: msteams, token: { env: NOPE } }] }
  - { name: x, connections: [{ channel: ivr, url: ftp }] }
apps:
  - { clientId: cs-1, algorithm: HS256, clientSecret: short }
`);
  const keys = faults.map((fault) => fault.slice(0, fault.indexOf(':')));
  assert.deepEqual(keys, [
    'bot',
    'bots[0].id',
    'bots[0].connections[0].channel',
    'bots[0].connections[1].token',
    'bots[1].id',
    'bots[1].connections[0].url',
    'apps[0].clientId',
    'apps[0].bots',
    'apps[0].clientSecret',
  ]);
});

test('what YAML itself refuses is told by line and column', () => {
  assert.match(faultsOf('bots:\n  - id: a\n id: b\n')[0] ?? '', /yaml: line 3, column \d+: /);
  assert.match(faultsOf('limits: {}\nlimits: {}\n')[0] ?? '', /yaml: line 2, column 1: /);
  assert.match(faultsOf('bots: *nowhere\n')[0] ?? '', /yaml: put quotes around a value that begins with \*\.$/);
  assert.match(
    faultsOf('bots: !planted x\n')[0] ?? '',
    /line 1, column 7: put quotes around a value that begins with !\.$/,
  );
  const laughs = [
    'a: &a [x, x]',
    ...[...'bcdefghijk'].map((name, index) => `${name}: &${name} [${'abcdefghij'[index]}]`),
  ];
  const bomb = laughs.map((line) => line.replace(/\[(\w)\]$/, `[${'*$1, '.repeat(20)}]`)).join('\n');
  assert.match(faultsOf(bomb)[0] ?? '', /its aliases multiply without end/);
});

test('a file that is not there is said in words', () => {
  const run = () =>
    loadConfig({ path: '/none/x.yaml', channels: CHANNELS, env: {}, canDecrypt: false, publicUrl: null });
  assert.throws(run, { name: 'ConfigurationError', message: /^\/none\/x\.yaml: there is no such file; an empty one / });
});

test('the print is a configuration again, whole but for the secrets', () => {
  const yaml = `
bots:
  - id: ${BOT}
    connections: [{ channel: msteams, token: planted-token, nested: { open: shown, closed: planted-nested } }]
apps:
  - { clientId: ${APP}, algorithm: HS256, clientSecret: { env: S }, bots: [${BOT}] }
  - { clientId: cs-00000000-0000-5000-8000-000000000002, algorithm: RS256, publicKey: ${publicPem(big)}, kind: admin }
`;
  const text = describeConfig(load(yaml, { S: SECRET }));
  assert.doesNotMatch(text, /planted/);
  assert.equal(text.match(/\*\*\*/g)?.length, 3);
  for (const shown of ['shown', 'BEGIN PUBLIC KEY', 'baseUrl: https://teams.example/', 'perHour: 18000']) {
    assert.ok(text.includes(shown), shown);
  }
});

test('one app is found without the secrets of the others', () => {
  const path = join(folder, 'apps.yaml');
  writeFileSync(
    path,
    `
bots: [{ id: ${BOT}, connections: [{ channel: msteams, token: { env: NOPE } }] }]
apps:
  - { clientId: cs-00000000-0000-5000-8000-000000000002, algorithm: HS256, clientSecret: { env: NOPE }, bots: [${BOT}] }
  - { clientId: ${APP}, algorithm: HS256, clientSecret: ${SECRET}, bots: [${BOT}] }
`,
  );
  assert.equal(loadApp({ path, env: {}, clientId: APP })?.key, SECRET);
  assert.equal(loadApp({ path, env: {}, clientId: 'cs-none' }), null);
});
