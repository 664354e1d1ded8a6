import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Client } from 'pg';
import type { SendBody } from '../src/client/send-documents.ts';
import { startPostgres } from './support/postgres.ts';
import { runCli } from './support/run-cli.ts';
import { openSandboxStage, type SandboxStage } from './support/sandbox-stage.ts';

const EMAIL = 'Marlowe.Bird@example.com';
const PHONE = '+4915550001234';
/** Whatever Marlowe is called by anywhere, in small letters. */
const TRACES = ['marlowe', '4915550001234'];

const folder = mkdtempSync(join(tmpdir(), 'beckon-erasure-'));
after(() => rmSync(folder, { recursive: true }));

describe('an erased person, on SQLite', () => {
  const file = join(folder, 'beckon.db');
  erases(async () => ({
    url: `sqlite:${file}`,
    // Its log is empty once the erasure is over, and is none of the two after a stop.
    find: async () => TRACES.filter((trace) => contentsOf(`${file}`, `${file}-wal`).includes(trace)),
    close: async () => {},
  }));
});

describe('an erased person, on PostgreSQL', () => {
  erases(async () => {
    const postgres = await startPostgres();
    const url = await postgres.createDatabase();
    return { url, find: () => findInTables(url), close: () => postgres.stop() };
  });
});

interface Database {
  readonly url: string;
  /** What of the person is still there. */
  find(): Promise<readonly string[]>;
  close(): Promise<void>;
}

function erases(open: () => Promise<Database>): void {
  let database: Database;
  let stage: SandboxStage;
  before(async () => {
    database = await open();
    stage = await openSandboxStage(() => {}, ['--database', database.url]);
  });
  after(async () => {
    await stage.close();
    await database.close();
  });

  const send = async (body: Partial<SendBody>) => {
    const { client, botId } = stage;
    const message = { type: 'text', val: 'Hello' } as const;
    const sent = await client.notifications.send({ botId, body: { channel: 'ivr', message, recipients: [], ...body } });
    return { botId, notificationId: sent.id };
  };

  it('is found nowhere any more, whatever named them, and nothing is counted otherwise', async () => {
    const { client, botId, sandbox } = stage;
    const teams = { channel: 'msteams', channelId: '29:marlowe', reference: { conversationId: 'a:marlowe' } };
    const person = {
      email: EMAIL,
      phone: PHONE,
      name: 'Marlowe Bird',
      upn: 'marlowe@corp.example',
      addresses: [teams],
    };
    await stage.know([person, { email: 'other@example.com' }]);
    const lines = new TextDecoder().decode(
      await new Response(await client.exportPeople({ botId, mediaType: 'application/x-ndjson' })).bytes(),
    );
    const { id: personId } = JSON.parse(lines.split('\n').find((line) => line.includes('marlowe')) ?? '');
    await client.preferences.put({ botId, personId, optOuts: [{ category: 'news', channel: null }] });

    sandbox.people.change({ twilio: [{ match: PHONE, state: 'stopped' }] });
    sandbox.faults.add({ provider: 'hooks', recipient: EMAIL, fault: { kind: 'status', status: 302 } });
    const message = { type: 'text', val: `Of ${EMAIL}, for {name}` } as const;
    const own = { identity: EMAIL, parameters: { name: 'Marlowe' } };
    const failed = await send({ message, recipients: [own, 'other@example.com'] });
    const delivered = await send({ channel: 'msteams', recipients: [EMAIL] });
    const silenced = await send({ channel: 'sms', recipients: [PHONE] });
    for (const { notificationId } of [failed, delivered, silenced]) await stage.untilOver(notificationId);
    const sendAt = new Date(Date.now() + 86_400_000).toISOString();
    const waiting = await send({ sendAt, recipients: [own, 'other@example.com'] });
    const { id } = await client.audience.open({
      botId,
      body: { channel: 'ivr', message, audience: { upload: true }, deduplicate: true },
    });
    const upload = { botId, notificationId: id };
    const body = `${JSON.stringify(own)}\n"other@example.com"\n"${EMAIL}"\n`;
    await client.audience.add({ ...upload, chunk: 0, body, mediaType: 'application/x-ndjson' });
    const countsBefore = await Promise.all([failed, delivered, silenced].map((key) => client.notification(key)));
    assert.deepEqual(
      countsBefore.map(({ counts }) => [counts.delivered, counts.failed]),
      [
        [1, 1],
        [1, 0],
        [0, 1],
      ],
    );
    await untilSilenced();
    assert.deepEqual(await database.find(), TRACES);

    const run = await runCli(['people', 'erase', EMAIL, ...stage.target]);
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stdout, /^Erased as er-\S+: \d+ places named them, of \d+ that were looked at\.\n$/);
    assert.deepEqual(await database.find(), []);

    const countsAfter = await Promise.all([failed, delivered, silenced].map((key) => client.notification(key)));
    assert.deepEqual(
      countsAfter.map(({ counts, reasons }) => ({ counts, reasons })),
      countsBefore.map(({ counts, reasons }) => ({ counts, reasons })),
    );
    const [log] = await Array.fromAsync(client.recipients(failed));
    assert.partialDeepStrictEqual(log, { identity: '(erased)', state: 'failed', detail: null });
    assert.partialDeepStrictEqual(await client.notification(waiting), {
      counts: { pending: 1, suppressed: 1 },
      reasons: { erased: 1 },
    });
    await client.audience.seal({ ...upload, recipients: 3, chunks: 1 });
    assert.partialDeepStrictEqual((await stage.untilOver(id)).counts, { total: 3, delivered: 1, suppressed: 2 });
    const again = await send({ channel: 'sms', recipients: [PHONE] });
    assert.deepEqual((await stage.untilOver(again.notificationId)).reasons, { opted_out: 1 });
  });

  /** What a refusal teaches is kept a moment after its recipient is counted. */
  async function untilSilenced(): Promise<void> {
    for (;;) {
      const probe = await send({ channel: 'sms', recipients: [PHONE] });
      if ((await stage.untilOver(probe.notificationId)).counts.suppressed === 1) return;
    }
  }
}

const contentsOf = (...paths: readonly string[]): string =>
  paths.map((path) => readFileSync(path, { encoding: 'latin1' }).toLowerCase()).join('\n');

/** As text, whatever a column is. */
async function findInTables(url: string): Promise<string[]> {
  const database = new Client(url);
  await database.connect();
  try {
    const { rows } = await database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
    const found = new Set<string>();
    for (const { tablename } of rows) {
      const { rows: lines } = await database.query(`SELECT lower(t::text) AS line FROM ${tablename} AS t`);
      for (const trace of TRACES) if (lines.some(({ line }) => line.includes(trace))) found.add(trace);
    }
    return TRACES.filter((trace) => found.has(trace));
  } finally {
    await database.end();
  }
}
