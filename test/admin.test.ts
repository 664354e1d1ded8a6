import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SignJWT } from 'jose';
import { stringify } from 'yaml';
import { type Client, createClient } from '../src/client/client.ts';
import { connectionId, randomId } from '../src/model/ids.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { type BeckonProcess, startBeckon } from './support/beckon.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { runCli } from './support/run-cli.ts';

const [fileBot, admin] = [randomId('st'), randomId('cs')];
const adminSecret = randomBytes(36).toString('base64url');
const masterKey = randomBytes(32).toString('base64');

const sign = (app: string, secret: string): Promise<string> =>
  new SignJWT({ appId: app, sub: 'ann' }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret));

describe('configuring over the API', () => {
  let folder: string;
  let sandbox: Sandbox;
  let postgres: TestPostgres;
  const servers: BeckonProcess[] = [];
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'beckon-admin-'));
    [sandbox, postgres] = await Promise.all([startSandbox({ limits: 'off' }), startPostgres()]);
    const app = { clientId: admin, algorithm: 'HS256', clientSecret: adminSecret, kind: 'admin' };
    const scopes = ['admin:write', 'channel_management:proactive_messages'];
    writeFileSync(file('beckon.yaml'), stringify({ bots: [{ id: fileBot }], apps: [{ ...app, scopes }] }), {
      mode: 0o600,
    });
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.kill()));
    await Promise.all([sandbox.close(), postgres.stop()]);
    rmSync(folder, { recursive: true });
  });

  const file = (name: string): string => join(folder, name);
  async function start(database: string, env: Readonly<Record<string, string>> = { BECKON_SECRET_KEY: masterKey }) {
    const server = await startBeckon(['--config', file('beckon.yaml'), '--database', database], undefined, env);
    servers.push(server);
    return server;
  }
  const clientOf = async (server: BeckonProcess, app = admin, secret = adminSecret): Promise<Client> =>
    createClient({ url: server.url, token: await sign(app, secret) });
  const hookOf = (botId: string, path: string, secret = sandbox.credentials.hook.secret) => ({
    botId,
    channel: 'ivr',
    name: 'Hook',
    settings: { url: `${sandbox.urls.hooks}/${path}`, secret },
    limits: { perSecond: 0 },
    allowPrivateNetwork: true,
  });
  async function deliver(client: Client, botId: string, person: string): Promise<string> {
    const message = { type: 'text', val: 'hello' } as const;
    const body = { channel: 'ivr', connection: 'Hook', message, recipients: [person] };
    const { id } = await client.notifications.send({ botId, body });
    for (;;) {
      const { counts } = await client.notification({ botId, notificationId: id });
      if (counts.delivered === 1) return id;
      assert.equal(counts.pending, 1);
    }
  }

  it('makes a bot, a connection and an app that work at once and after a restart; no secret is ever to be found', async () => {
    const database = `sqlite:${file('beckon.db')}`;
    const server = await start(database);
    const { admin: api } = await clientOf(server);
    const [botId, appId] = [randomId('st'), randomId('cs')];
    const retention = { recipients: '30d', callbacks: '2d' };
    const bot = await api.bots.save(botId, { name: 'Made here', limits: { perMinute: 5, perHour: 50 }, retention });
    assert.deepEqual(bot.retention, retention);
    assert.deepEqual(bot, { ...bot, id: botId, name: 'Made here', weight: 1, declaredIn: 'api' });
    const { channels } = await api.channels();
    const settings = channels.find(({ id }) => id === 'ivr')?.settings ?? {};
    assert.deepEqual(settings['required'], ['url', 'secret']);
    const connection = await api.connections.save(hookOf(botId, 'one'));
    assert.deepEqual(connection.settings['secret'], '***');
    assert.equal(connection.id, connectionId(botId, 'ivr', 'Hook'));
    const { app, clientSecret } = await api.apps.save(appId, { algorithm: 'HS256', bots: [botId] });
    assert.ok(clientSecret !== null && app.declaredIn === 'api');
    const maker = await clientOf(server, appId, clientSecret);
    const notificationId = await deliver(maker, botId, 'ann@example.com');
    const { finishedAt, recipientsKeptUntil } = await maker.notification({ botId, notificationId });
    assert.equal(Date.parse(recipientsKeptUntil ?? '') - Date.parse(finishedAt ?? ''), 30 * 24 * 3_600_000);
    assert.deepEqual(await maker.bots(), { bots: [{ id: botId, name: 'Made here' }] });

    // What was shown can be sent back, and keeps the secret nobody was shown.
    const { id: _, declaredIn: __, ...shown } = await api.connections.get(connection.id);
    await api.connections.save({ ...shown, settings: { ...shown.settings, url: `${sandbox.urls.hooks}/two` } });
    await deliver(await clientOf(server, appId, clientSecret), botId, 'bob@example.com');
    assert.equal(sandbox.ledger.total('hooks'), 2);
    assert.equal((await api.connections.check(connection.id)).ok, true);

    await assert.rejects(api.bots.save(fileBot, {}), { status: 409, code: 'declared_in_file' });
    for (const wrong of [{ recipients: '30' }, { recipients: '40d', notifications: '30d' }])
      await assert.rejects(api.bots.save(botId, { retention: wrong }), /\/retention\/recipients/);
    await assert.rejects(api.apps.rotate(admin), { status: 409, code: 'declared_in_file' });
    await assert.rejects(
      api.connections.save({ ...hookOf(botId, 'x'), settings: { url: 'nowhere' } }),
      /\/settings\/url/,
    );
    const reference = { url: { env: 'PATH' }, secret: { file: '/etc/passwd' } };
    await assert.rejects(api.connections.save({ ...hookOf(botId, 'x'), settings: reference }), { status: 400 });

    const backup = await runCli(['backup', '--database', database, file('backup.db')]);
    assert.equal(backup.code, 0, backup.stderr);
    const secrets = [clientSecret, sandbox.credentials.hook.secret, adminSecret, masterKey];
    const kept = readdirSync(folder).filter((name) => /\.db/.test(name));
    assert.ok(kept.includes('beckon.db-wal') && kept.includes('backup.db'));
    for (const [name, text] of [
      ...kept.map((each) => [each, readFileSync(file(each), 'latin1')] as const),
      ['the log', server.lines.join('\n')] as const,
    ])
      for (const secret of secrets) assert.ok(!text.includes(secret), name);

    await server.stop();
    const again = await start(database);
    await deliver(await clientOf(again, appId, clientSecret), botId, 'cid@example.com');
    const { admin: later } = await clientOf(again);
    await later.bots.remove(botId);
    await assert.rejects(
      clientOf(again, appId, clientSecret).then((client) => deliver(client, botId, 'x')),
      {
        status: 404,
      },
    );
    await again.stop();
  });

  it('rotates a secret with both good for a day, and survives a rotation whose answer was lost', async () => {
    const server = await start('sqlite::memory:');
    const { admin: api } = await clientOf(server);
    const appId = randomId('cs');
    const isGood = async (secret: string | null) =>
      clientOf(server, appId, secret ?? '')
        .then(
          (client) => client.notifications.list({ botId: fileBot }).then(() => true),
          () => false,
        )
        .catch(() => false);
    const { clientSecret: first } = await api.apps.save(appId, { algorithm: 'HS256', bots: [fileBot] });
    const { clientSecret: lost } = await api.apps.rotate(appId);
    assert.deepEqual([await isGood(first), await isGood(lost)], [true, true]);
    const { app, clientSecret: second } = await api.apps.rotate(appId);
    assert.deepEqual([await isGood(first), await isGood(lost), await isGood(second)], [true, false, true]);
    assert.ok(app.formerKeyUntil !== null);
    const { clientSecret: third } = await api.apps.rotate(appId, { overlapHours: 0 });
    assert.deepEqual([await isGood(first), await isGood(second), await isGood(third)], [false, false, true]);
    const own = randomBytes(48).toString('base64url');
    assert.equal((await api.apps.rotate(appId, { clientSecret: own })).clientSecret, null);
    assert.equal((await api.apps.rotate(appId, { clientSecret: own })).clientSecret, null);
    assert.deepEqual([await isGood(third), await isGood(own)], [true, true]);
    await api.apps.remove(appId);
    assert.equal(await isGood(own), false);
    const { entries } = await api.audit({ botId: null });
    const actions = entries.map(({ action, target }) => `${action} ${target === appId}`);
    assert.deepEqual(actions, ['deleteApp true', ...Array(4).fill('rotateApp true'), 'saveApp true']);
  });

  it('reaches every server over one database', async () => {
    const database = await postgres.createDatabase();
    const one = await start(database);
    const other = await start(database);
    const { admin: api } = await clientOf(one);
    const { admin: elsewhere } = await clientOf(other);
    const botId = randomId('st');
    await api.bots.save(botId, { name: 'Made on one' });
    await api.connections.save(hookOf(botId, 'everywhere'));
    // Polled, as whoever waits for it would: there is no notice of it, and each may come with a look of its own.
    while (!(await elsewhere.bots.list({ limit: 500 })).bots.some(({ id }) => id === botId));
    while ((await elsewhere.connections.list(botId)).connections.length === 0);
    await deliver(await clientOf(other), botId, 'dan@example.com');
  });

  it('makes itself a key beside a file when none is set, for nobody else to read, and is nothing without it', async () => {
    const database = `sqlite:${file('own.db')}`;
    const first = await start(database, {});
    const botId = randomId('st');
    const { admin: api } = await clientOf(first);
    await api.bots.save(botId, {});
    await api.connections.save(hookOf(botId, 'own'));
    await first.stop();
    assert.equal(statSync(file('own.db.key')).mode & 0o777, 0o600);
    const again = await start(database, {});
    await deliver(await clientOf(again), botId, 'fay@example.com');
    await again.stop();

    renameSync(file('own.db.key'), file('kept.key'));
    const args = ['serve', '--port', '0', '--config', file('beckon.yaml'), '--database', database];
    const { code, stderr } = await runCli(args);
    assert.equal(code, 78);
    assert.match(stderr, /^beckon: the database holds sealed secrets/);
    assert.ok(!existsSync(file('own.db.key')), 'it has made another, which opens nothing');
    const moved = await start(database, { BECKON_SECRET_KEY: masterKey, BECKON_OLD_SECRET_KEY_FILE: file('kept.key') });
    await moved.line(/data keys wrapped anew/);
    await deliver(await clientOf(moved), botId, 'gil@example.com');
    await moved.stop();
  });

  it('seals nothing without a key in a database that others may share', async () => {
    const server = await start(await postgres.createDatabase(), {});
    const { admin: api } = await clientOf(server);
    await assert.rejects(api.connections.save(hookOf(fileBot, 'unsealed')), { status: 409 });
    await server.stop();
  });

  it('does not start without the key it needs, and goes over to another', async () => {
    const database = `sqlite:${file('keys.db')}`;
    const first = await start(database);
    const botId = randomId('st');
    const { admin: api } = await clientOf(first);
    await api.bots.save(botId, {});
    await api.connections.save(hookOf(botId, 'keys'));
    await first.stop();
    const other = randomBytes(32).toString('hex');
    const args = ['serve', '--port', '0', '--config', file('beckon.yaml'), '--database', database];
    const { code, stderr } = await runCli(args, { env: { BECKON_SECRET_KEY: other } });
    assert.equal(code, 78);
    assert.match(stderr, /^beckon: the database holds .*BECKON_OLD_SECRET_KEY_FILE/);
    const second = await start(database, { BECKON_SECRET_KEY: other, BECKON_OLD_SECRET_KEY: masterKey });
    await second.line(/data keys wrapped anew/);
    await deliver(await clientOf(second), botId, 'eve@example.com');
  });
});
