import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SignJWT } from 'jose';
import { stringify } from 'yaml';
import { type Client, createClient } from '../src/client/client.ts';
import type { Notification } from '../src/client/notification-documents.ts';
import { isJsonObject, type Json, parseJsonObject } from '../src/model/json.ts';
import { advances, RECEIPT_STATES, type ReceiptState } from '../src/model/news.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/sandbox.ts';
import { type BeckonProcess, startBeckon } from './support/beckon.ts';
import {
  botId,
  clientId,
  clientSecret,
  floodConfig,
  floodUrl,
  phones,
  planFlood,
  pour,
} from './support/receipts-flood.ts';

const TOLD_OF = 1_000;
/** One request takes 1,000 recipients. */
const NOTIFICATIONS = 3;
const SENDS = NOTIFICATIONS * TOLD_OF;
const folder = mkdtempSync(join(tmpdir(), 'beckon-flood-'));
let sandbox: Sandbox;
let server: BeckonProcess;
let client: Client;
let token: string;

before(async () => {
  sandbox = await startSandbox({ limits: 'off' });
  const config = join(folder, 'beckon.yaml');
  writeFileSync(config, stringify(floodConfig(sandbox, 0)));
  server = await startBeckon(['--config', config, '--database', 'sqlite::memory:']);
  token = await new SignJWT({ appId: clientId, sub: 'tester' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(clientSecret));
  client = createClient({ url: server.url, token });
});
after(async () => {
  await server.stop();
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

test('a flood of callbacks, repeated, out of order and a third of them forged, changes only what is true', async () => {
  const told = await notify('whatsapp');
  await finished(told);
  const { posts, counts } = planFlood(sandbox, told, TOLD_OF);
  assert.equal(posts.length, 3 * SENDS);
  assert.equal(posts.filter(({ isForged }) => isForged).length, SENDS);

  const sent = await Promise.all(Array.from({ length: NOTIFICATIONS }, (_, index) => notify('sms', `4915${index}`)));
  const watch = watchStates(told);
  const answers = await pour(floodUrl(server.url), posts);
  const sentMeanwhile = sandbox.ledger.total('twilio');
  const { backwards, forwards } = await watch.stop();

  const wrong = answers.filter((status, index) => status !== (posts[index]?.isForged ? 401 : 200));
  assert.deepEqual(wrong, []);
  assert.deepEqual(backwards, []);
  assert.ok(forwards >= TOLD_OF, `only ${forwards} moves were seen`);
  assert.ok(sentMeanwhile > 0, 'nothing was sent during the flood');

  for (const id of sent) {
    const { counts: outcome } = await finished(id);
    assert.deepEqual([outcome.total, outcome.delivered], [TOLD_OF, TOLD_OF]);
  }
  const recipients = sandbox.ledger.entries({ provider: 'twilio' }).map(({ recipient }) => recipient);
  assert.deepEqual([recipients.length, new Set(recipients).size], [SENDS, SENDS]);
  assert.deepEqual((await client.notification({ botId, notificationId: told })).receipts, counts);
});

async function notify(channel: 'whatsapp' | 'sms', prefix = '4917'): Promise<string> {
  const message = { type: 'text', value: 'Lunch is ready' } as const;
  const job = await client.notifyV2({ botId, body: { channel, message, identities: phones(TOLD_OF, prefix) } });
  return /ds-[0-9a-f-]{36}/.exec(JSON.stringify(job))?.[0] ?? '';
}

async function finished(notificationId: string): Promise<Notification> {
  for (;;) {
    const progress = server.next(/batch attempted/);
    const notification = await client.notification({ botId, notificationId });
    if (notification.finishedAt !== null) return notification;
    await progress;
  }
}

/** Lists everybody's receipt again and again, and compares each with the one before. */
function watchStates(notificationId: string) {
  const present = new Map<number, ReceiptState>();
  const backwards: string[] = [];
  let forwards = 0;
  let isOver = false;
  const look = async () => {
    for (const [seq, state] of await listStates(notificationId)) {
      const known = present.get(seq) ?? null;
      if (state === known) continue;
      if (state === null || !advances(known, state)) backwards.push(`${seq}: ${known} to ${state}`);
      else {
        present.set(seq, state);
        forwards += 1;
      }
    }
  };
  const watching = (async () => {
    while (!isOver) await look();
    await look();
  })();
  return {
    async stop() {
      isOver = true;
      await watching;
      return { backwards, forwards };
    },
  };
}

async function listStates(notificationId: string): Promise<(readonly [seq: number, state: ReceiptState | null])[]> {
  const states: (readonly [number, ReceiptState | null])[] = [];
  for (let cursor: Json = ''; typeof cursor === 'string'; ) {
    const query = new URLSearchParams({ limit: '500', ...(cursor === '' ? {} : { cursor }) });
    const url = `${server.url}/api/v1/bots/${botId}/notifications/${notificationId}/recipients?${query}`;
    const response = await fetch(url, { headers: { auth: token } });
    const text = await response.text();
    const page = parseJsonObject(text);
    assert.ok(page !== null && Array.isArray(page['recipients']), text);
    states.push(...page['recipients'].map(readState));
    cursor = page['nextCursor'] ?? null;
  }
  return states;
}

function readState(recipient: Json): readonly [number, ReceiptState | null] {
  assert.ok(isJsonObject(recipient));
  const { seq, receipt } = recipient;
  const said = isJsonObject(receipt) ? receipt['state'] : null;
  return [Number(seq), RECEIPT_STATES.find((state) => state === said) ?? null];
}
