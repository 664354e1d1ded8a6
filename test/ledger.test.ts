import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'csv-parse/sync';
import { type Client, createClient } from '../src/client/client.ts';
import type { LedgerRecipient, RecipientFilter } from '../src/client/recipient-documents.ts';
import { systemClock } from '../src/model/clock.ts';
import { randomId } from '../src/model/ids.ts';
import { openStore } from '../src/store/open.ts';
import type { BeckonProcess } from './support/beckon.ts';
import { putEnded } from './support/ended-notification.ts';
import { botIdOf, type HookStage, openHookStage, recipientOf } from './support/hook-stage.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { residentMb } from './support/resident-memory.ts';
import { runCli } from './support/run-cli.ts';

const botId = botIdOf('ann');
const PEOPLE = 60;

let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres();
});
after(() => postgres.stop());

const STORES = ['SQLite', 'PostgreSQL'] as const;
const databaseOf = (kind: (typeof STORES)[number], stage: HookStage) =>
  kind === 'SQLite' ? `sqlite:${join(stage.folder, 'beckon.db')}` : postgres.createDatabase();

for (const kind of STORES) {
  describe(`what became of each recipient, on ${kind}`, () => {
    let stage: HookStage;
    let server: BeckonProcess;
    let client: Client;
    let id: string;
    before(async () => {
      stage = await openHookStage({ bots: ['ann'] });
      const database = await databaseOf(kind, stage);
      server = await stage.start(['--database', database]);
      client = createClient({ url: server.url, token: stage.token });
      // Each fifth is refused, each seventh waits for its second attempt.
      for (let index = 0; index < PEOPLE; index += 1) {
        const recipient = recipientOf(index);
        if (index % 5 === 0) {
          const fault = { kind: 'status', status: 302, headers: { location: '/elsewhere' } } as const;
          stage.sandbox.faults.add({ provider: 'hooks', recipient, fault });
        } else if (index % 7 === 0) {
          stage.sandbox.faults.add({ provider: 'hooks', recipient, times: 1, fault: { kind: 'status', status: 503 } });
        }
      }
      const sent = await stage.send(server.url, { bot: 'ann', text: 'hello', people: PEOPLE });
      assert.ok(sent.id !== null);
      id = sent.id;
      while ((await client.status({ botId, requestId: id })).status === 'IN_PROGRESS');
    });
    after(() => stage.close());

    const list = (filter: RecipientFilter = {}): Promise<LedgerRecipient[]> =>
      Array.fromAsync(client.recipients({ botId, notificationId: id, filter }));

    it('comes through the client, one after another, with what to do', async () => {
      const all = await list();
      assert.deepEqual(
        all.map(({ seq, identity }) => [seq, identity]),
        Array.from({ length: PEOPLE }, (_, index) => [index, recipientOf(index)]),
      );
      for (const { seq, state, reason, hint, attempts, detail, tookMs, providerMessageId } of all) {
        const isRefused = seq % 5 === 0;
        assert.equal(state, isRefused ? 'failed' : 'delivered');
        assert.deepEqual([reason !== null, hint !== null, detail !== null], [isRefused, isRefused, isRefused]);
        assert.equal(attempts, !isRefused && seq % 7 === 0 ? 2 : 1);
        assert.equal(providerMessageId === null, isRefused);
        assert.ok(tookMs >= 0 && tookMs < 600_000);
      }
    });

    it('is filtered as the whole list would be', async () => {
      const all = await list();
      const filters: readonly (readonly [RecipientFilter, (one: LedgerRecipient) => boolean])[] = [
        [{ states: ['failed'] }, ({ state }) => state === 'failed'],
        [{ states: ['failed', 'delivered'], prefix: 'PERSON-1' }, ({ identity }) => identity.startsWith('person-1')],
        [{ reasons: ['url_refused'] }, ({ reason }) => reason === 'url_refused'],
        [{ reasons: ['opted_out'] }, () => false],
        [{ identity: recipientOf(7) }, ({ seq }) => seq === 7],
      ];
      for (const [filter, fits] of filters) assert.deepEqual(await list(filter), all.filter(fits));
    });

    it('is the same in a file, and its reasons add up', async () => {
      const request = { botId, notificationId: id };
      const all = await list();
      const ndjson = await textOf(await client.exportRecipients({ ...request, mediaType: 'application/x-ndjson' }));
      assert.deepEqual(
        ndjson
          .trimEnd()
          .split('\n')
          .map((line): unknown => JSON.parse(line)),
        all,
      );
      const filter = { states: ['failed'] } as const;
      const csv = await textOf(await client.exportRecipients({ ...request, filter, mediaType: 'text/csv' }));
      const rows: Record<string, string>[] = parse(csv, { columns: true });
      assert.deepEqual(
        rows.map(({ seq, hint }) => [Number(seq), hint]),
        all.filter(({ state }) => state === 'failed').map(({ seq, hint }) => [seq, hint]),
      );
      const { counts, reasons } = await client.notification(request);
      assert.deepEqual(reasons, { url_refused: counts.failed });
    });

    it('is exported on the command line', async () => {
      const target = ['--url', server.url, '--token', stage.token, '--bot', botId];
      const file = join(stage.folder, 'failed.csv');
      const { code, stderr } = await runCli(['recipients', 'export', id, file, '--state', 'failed', ...target]);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /^Exporting: 100 % \(12 of 12\), recipients$/m);
      assert.match(stderr, /^Exported 12 recipients of ds-.* to .*failed\.csv\.$/m);
      assert.equal(parse(readFileSync(file), { columns: true }).length, 12);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.equal(existsSync(`${file}.part`), false);

      const printed = await runCli(['recipients', 'export', id, '--starts-with', 'person-59@', ...target]);
      assert.deepEqual([printed.code, JSON.parse(printed.stdout).seq], [0, 59]);
      const stranger = await runCli(['recipients', 'export', randomId('ds'), file, ...target]);
      assert.deepEqual([stranger.code, existsSync(file)], [1, true]);
      assert.equal((await runCli(['recipients', 'export', id, '--state', 'lost', ...target])).code, 2);
      assert.equal((await runCli(['recipients', 'export', id, 'x.xlsx', ...target])).code, 2);
    });
  });
}

const MANY = 100_000;
/** Garbage is collected early, so that what grows is what is held. */
const SMALL_NURSERY = { NODE_OPTIONS: '--max-semi-space-size=2' };

describe(`an export of ${MANY} recipients`, () => {
  for (const kind of STORES) {
    it(`is complete, on ${kind}`, { timeout: 300_000 }, async (test) => {
      const stage = await openHookStage({ bots: ['ann'] });
      try {
        const database = await databaseOf(kind, stage);
        const store = await openStore(database, { clock: systemClock });
        const id = await putEnded({ store, botId, total: MANY });
        await store.close();
        const server = await stage.start(['--database', database, '--log-level', 'warn'], undefined, SMALL_NURSERY);
        const client = createClient({ url: server.url, token: stage.token });
        const request = { botId, notificationId: id, mediaType: 'application/x-ndjson' } as const;
        // What the first costs is the process growing warm; what the second adds is what an export leaves behind.
        const warm = await drain(await client.exportRecipients(request), server.pid);
        const { rows, bytes, peakMb, seconds } = await drain(await client.exportRecipients(request), server.pid);
        const { counts, reasons } = await client.notification(request);
        const given = Object.values(reasons ?? {}).reduce((sum, count) => sum + count, 0);
        test.diagnostic(
          `${rows} rows, ${Math.round(bytes / 1e6)} MB in ${seconds.toFixed(1)} s; server at most ${peakMb} MB, ${warm.peakMb} MB the first time`,
        );
        assert.equal(rows, MANY);
        assert.equal(given, counts.total - counts.delivered);
        // Resident memory swings with the collector by as much as an export is long: told, and not judged.
      } finally {
        await stage.close();
      }
    });
  }
});

/** Reads to the end, looking at the server's memory at every megabyte. */
async function drain(stream: ReadableStream<Uint8Array>, pid: number) {
  const startedAt = performance.now();
  let [rows, bytes, peakMb, lookedAt] = [0, 0, 0, 0];
  for await (const chunk of stream) {
    bytes += chunk.length;
    for (const byte of chunk) if (byte === 0x0a) rows += 1;
    if (bytes - lookedAt < 1_000_000) continue;
    lookedAt = bytes;
    peakMb = Math.max(peakMb, residentMb(pid));
  }
  return { rows, bytes, peakMb, seconds: (performance.now() - startedAt) / 1_000 };
}

const textOf = (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream).text();
