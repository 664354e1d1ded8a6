import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { stringify } from 'yaml';
import { type Client, createClient } from '../src/client/client.ts';
import { derivedId, randomId } from '../src/model/ids.ts';
import { type BeckonProcess, startBeckon } from './support/beckon.ts';
import { runCli } from './support/run-cli.ts';

const botId = randomId('st');
const [sender, admin] = [randomId('cs'), randomId('cs')];

describe('the audit', () => {
  let folder: string;
  let server: BeckonProcess;
  let client: Client;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'beckon-audit-'));
    const key = () => ({ algorithm: 'HS256', clientSecret: randomBytes(36).toString('base64url') });
    const connections = [
      {
        channel: 'ivr',
        name: 'Hook',
        url: 'http://127.0.0.1:9/',
        secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
        allowPrivateNetwork: true,
      },
    ];
    const scopes = ['channel_management:proactive_messages', 'directory:write'];
    const config = {
      bots: [{ id: botId, connections, quietHours: { from: '03:00', until: '03:01' } }],
      apps: [
        { clientId: sender, ...key(), bots: [botId], scopes },
        { clientId: admin, ...key(), kind: 'admin', scopes: ['admin:write'] },
      ],
    };
    writeFileSync(join(folder, 'beckon.yaml'), stringify(config), { mode: 0o600 });
    server = await startBeckon(['--config', join(folder, 'beckon.yaml'), '--database', 'sqlite::memory:']);
    client = createClient({ url: server.url, token: await tokenOf(sender, 'ann@example.com') });
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  const cli = (args: readonly string[]) => runCli([...args, '--config', join(folder, 'beckon.yaml')]);
  async function tokenOf(app: string, subject: string): Promise<string> {
    return (await cli(['token', '--app', app, '--subject', subject])).stdout.trim();
  }
  const audit = (...args: readonly string[]) =>
    cli(['audit', ...args, '--url', server.url, '--app', admin, '--bot', botId]);

  it('says who sent, who imported and who cancelled, is exported whole, and shows a hand that was laid on it', async () => {
    const people = new Blob(['{"email":"bob@example.com"}\n']).stream();
    await client.importPeople({ botId, people, mediaType: 'application/x-ndjson' });
    const message = { type: 'text', val: 'hello' } as const;
    const recipients = ['bob@example.com', 'eve@example.com'];
    const { id } = await client.notifications.send({
      botId,
      body: { channel: 'ivr', connection: 'Hook', message, recipients },
    });
    await client.cancel({ botId, notificationId: id });

    const operator = createClient({ url: server.url, token: await tokenOf(admin, 'carl') });
    const { entries, head } = await operator.admin.audit({ botId, limit: 10 });
    assert.deepEqual(
      entries.map(({ action, target, appId, subject, ip }) => [action, target, appId, subject, ip]),
      [
        ['cancelNotification', id, sender, 'ann@example.com', '127.0.0.1'],
        ['importPeople', null, sender, 'ann@example.com', '127.0.0.1'],
      ],
    );
    const newest = await operator.admin.audit({ botId, limit: 1 });
    const cursor = newest.nextCursor ?? '';
    assert.deepEqual((await operator.admin.audit({ botId, limit: 1, cursor })).entries, [entries[1]]);

    const file = join(folder, 'audit.ndjson');
    assert.equal((await audit('export', file)).code, 0);
    const text = readFileSync(file, 'utf8');
    const lines = text.trimEnd().split('\n');
    assert.partialDeepStrictEqual(JSON.parse(lines[3] ?? ''), {
      kind: 'send',
      action: 'sendNotification',
      appId: sender,
      target: id,
      createdBy: derivedId('u', botId, 'ann@example.com'),
    });
    const whole = await audit('verify', '--expect', entries[1]?.hash ?? '');
    assert.equal(whole.stdout, `The audit of ${botId} is whole: 2 changes, 1 sends. It ends with ${head.hash}\n`);
    assert.doesNotMatch(lines.slice(0, 3).join('\n'), /bob@example\.com/);

    writeFileSync(file, text.replace('"action":"importPeople"', '"action":"listPeople"'));
    const forged = await audit('verify', file);
    assert.deepEqual([forged.code, forged.stderr], [1, 'beckon: The audit is broken: entry 1 was changed.\n']);
  });

  it('says why somebody was sent something against their preferences, or in quiet hours', async () => {
    const message = { type: 'text', val: 'Leave by the nearest exit' } as const;
    const urgent = {
      channel: 'ivr',
      connection: 'Hook',
      priority: 'urgent',
      message,
      recipients: ['x@example.com'],
    } as const;
    const [drill, leak] = [{ reason: 'a fire drill' }, { reason: 'a gas leak' }];
    await client.notifications.send({ botId, body: { ...urgent, category: 'drills', overridePreferences: drill } });
    await client.notifications.send({ botId, body: { ...urgent, overrideQuietHours: leak } });
    const file = join(folder, 'overrides.ndjson');
    assert.equal((await audit('export', file)).code, 0);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const sends = lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'send');
    assert.deepEqual(
      sends.slice(0, 2).map((send) => [send.preferencesOverride, send.quietHoursOverride]),
      [
        [null, leak],
        [drill, null],
      ],
    );
    assert.deepEqual([sends[2].preferencesOverride, sends[2].quietHoursOverride], [null, null]);
  });

  it('is for apps of kind admin', async () => {
    await assert.rejects(client.admin.audit({ botId }), { status: 403 });
  });
});
