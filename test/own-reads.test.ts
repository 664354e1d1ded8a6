import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CHANNELS } from '../src/channels/channels.ts';
import { importPeople } from '../src/directory/import-people.ts';
import { systemClock } from '../src/model/clock.ts';
import { BOT, call, post, type Rig, startRig, tokenFor } from './support/http-rig.ts';
import { holdSnapshot } from './support/outside-reader.ts';
import { runCli } from './support/run-cli.ts';

/** A hundred pages of an export. */
const PEOPLE = 20_000;

describe('F30: no reader of our own holds a snapshot', () => {
  const folder = mkdtempSync(join(tmpdir(), 'beckon-reads-'));
  const path = join(folder, 'beckon.db');
  let rig: Rig;
  let auth: string;
  before(async () => {
    rig = await startRig({ database: `sqlite:${path}` });
    auth = await tokenFor('cs-builder');
    await importPeople({
      store: rig.store,
      botId: BOT,
      open: onePersonALine,
      clock: systemClock,
      findChannel: (id) => CHANNELS.find((channel) => channel.id === id) ?? null,
      format: 'ndjson',
      onError: 'skip',
    });
  });
  after(async () => {
    await rig.close();
    rmSync(folder, { recursive: true });
  });

  /** Something is written, and then the whole log can be emptied. */
  async function assertNoSnapshot(): Promise<void> {
    const state = await writeAndTidy();
    assert.deepEqual(state, { bytes: 0, heldBy: null });
  }
  async function writeAndTidy() {
    await rig.store.useJti({ appId: 'cs', jti: String(performance.now()), expiresAt: 1 });
    return rig.store.tidyWal({ fromBytes: 0 });
  }

  it('while somebody else’s is seen', async () => {
    const reader = await holdSnapshot(path);
    const state = await writeAndTidy();
    await reader.end();
    assert.notEqual(state?.heldBy, null);
  });

  for (const accept of ['application/x-ndjson', 'text/csv']) {
    it(`an export of people as ${accept} whose caller has stopped reading`, { timeout: 30_000 }, async () => {
      const asked = request(`${rig.url}/api/v1/bots/${BOT}/people`, { headers: { auth, accept } });
      asked.end();
      const response = await new Promise<NodeJS.ReadableStream>((resolve) => asked.once('response', resolve));
      await new Promise((resolve) => response.once('readable', resolve));
      await assertNoSnapshot();
      response.resume();
      await new Promise((resolve) => response.once('end', resolve));
      await assertNoSnapshot();
    });
  }

  it('a backup that has ended, and it ends however much is written meanwhile', { timeout: 60_000 }, async () => {
    let isOver = false;
    let written = 0;
    const made = runCli(['backup', '--database', `sqlite:${path}`, join(folder, 'copy.db')]).finally(() => {
      isOver = true;
    });
    for (; !isOver; written += 1) await rig.store.useJti({ appId: 'cs', jti: `meanwhile ${written}`, expiresAt: 1 });
    assert.deepEqual([(await made).code, written > 100], [0, true]);
    await assertNoSnapshot();
  });

  it('pages of people, a notification, its recipients and its status', async () => {
    const identities = Array.from({ length: 500 }, (_, index) => `p${index}@example.com`);
    const message = { type: 'text', val: 'hello' };
    const sent = await post(rig, 'notify', { channel: 'msteams', userIdentityType: 'resolve', message, identities });
    const id = /ds-[0-9a-f-]{36}/.exec(sent.text)?.[0];
    const looks = [
      `/api/v1/bots/${BOT}/people?limit=100`,
      `/api/v1/bots/${BOT}/notifications/${id}`,
      `/api/v1/bots/${BOT}/notifications/${id}/recipients`,
      `/api/public/bot/${BOT}/notify/status/${id}`,
      '/readyz',
    ];
    for (const look of looks) {
      assert.equal((await call(rig, look, { headers: { auth } })).status, 200, look);
      await assertNoSnapshot();
    }
  });
});

async function* onePersonALine(): AsyncGenerator<Buffer> {
  for (let index = 0; index < PEOPLE; index += 1) {
    yield Buffer.from(`{"email":"p${index}@example.com","name":"Person ${index}","tags":["employees"]}\n`);
  }
}
