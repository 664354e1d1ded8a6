import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { StatusLog } from '../src/client/kore-documents.ts';
import { type BeckonProcess, untilFinished } from './support/beckon.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { emailOf, openRehearsal, type Rehearsal, teamsIdOf } from './support/rehearsal.ts';

const PEOPLE = 1_000;
const NOTIFICATIONS = 8;
const KILLS = 8;
/** Sends in flight at once, and outcomes that may wait for their checkpoint (the engine's own bound). */
const CONCURRENCY = 32;
const UNRECORDED = 500;

/** SIGKILL in the middle of 8,000 deliveries, eight times: nobody is lost, nobody is logged twice. F03 does it at length. */
describe('kill -9', () => {
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());

  it('loses nobody on SQLite', { timeout: 300_000 }, async () => {
    assert.deepEqual(await rehearse((folder) => `sqlite:${join(folder, 'beckon.db')}`), []);
  });

  it('loses nobody on PostgreSQL', { timeout: 300_000 }, async () => {
    const url = await postgres.createDatabase();
    assert.deepEqual(await rehearse(() => url), []);
  });

  it('sees a server that answers before it has committed (negative control)', { timeout: 300_000 }, async () => {
    const hasty = fileURLToPath(new URL('support/hasty-server.ts', import.meta.url));
    const faults = await rehearse((folder) => `sqlite:${join(folder, 'beckon.db')}`, hasty);
    assert.ok(faults.length > 0, 'the check would not notice a lost notification');
  });
});

/** Runs the whole story and answers what is wrong with its end. */
async function rehearse(database: (folder: string) => string, script?: string): Promise<string[]> {
  const kills = script === undefined ? KILLS : 1;
  const rehearsal = await openRehearsal({ limits: 'off', concurrency: CONCURRENCY });
  try {
    const args = ['--database', database(rehearsal.folder), '--lease-ms', '2000'];
    let server = await rehearsal.start(args, script);
    await rehearsal.importPeople(server.url, PEOPLE);
    const accepted = await acceptAll(rehearsal, server);
    for (let kill = 1; kill <= kills; kill += 1) {
      const target = Math.floor((NOTIFICATIONS * PEOPLE * kill) / (KILLS + 2));
      if (script === undefined) await rehearsal.sandbox.until(() => rehearsal.sandbox.ledger.total() >= target);
      await server.kill();
      server = await rehearsal.start(args, script);
    }
    return await audit(rehearsal, server, accepted);
  } finally {
    await rehearsal.close();
  }
}

interface Accepted {
  readonly id: string;
  readonly text: string;
}

function acceptAll(rehearsal: Rehearsal, server: BeckonProcess): Promise<Accepted[]> {
  const texts = Array.from({ length: NOTIFICATIONS }, (_, index) => `notification ${index}`);
  return Promise.all(texts.map(async (text) => ({ id: await rehearsal.notify(server.url, PEOPLE, text), text })));
}

async function audit(rehearsal: Rehearsal, server: BeckonProcess, accepted: readonly Accepted[]): Promise<string[]> {
  const faults: string[] = [];
  const client = rehearsal.client(server.url);
  for (const { id, text } of accepted) {
    const ask = () => client.status({ botId: rehearsal.botId, requestId: id });
    // What the server does not know reads as an error, and that is a finding here.
    const status = await untilFinished(server, ask).catch(() => null);
    if (status === null) faults.push(`${text} was acknowledged and is gone`);
    else faults.push(...auditLogs(text, status.statusLogs, status.count));
  }
  return [...faults, ...auditLedger(rehearsal, accepted)];
}

function auditLogs(text: string, logs: readonly StatusLog[], count: number): string[] {
  const faults: string[] = [];
  if (count !== PEOPLE) faults.push(`${text} counts ${count} recipients`);
  const logged = new Map<string, number>();
  for (const log of logs) logged.set(log.originalId, (logged.get(log.originalId) ?? 0) + 1);
  for (let index = 0; index < PEOPLE; index += 1) {
    const times = logged.get(emailOf(index)) ?? 0;
    if (times !== 1) faults.push(`${text} has ${times} logs of ${emailOf(index)}`);
  }
  const failed = logs.filter((log) => log.status !== 'SUCCESS').length;
  if (failed > 0) faults.push(`${text} failed for ${failed}`);
  return faults;
}

/** Nobody missed, and no more repeats than sends that can have been under way at the kills. */
function auditLedger({ sandbox }: Rehearsal, accepted: readonly Accepted[]): string[] {
  const faults: string[] = [];
  const received = new Map<string, number>();
  for (const entry of sandbox.ledger.entries({ limit: Number.MAX_SAFE_INTEGER })) {
    const key = `${entry.text}/${entry.recipient}`;
    received.set(key, (received.get(key) ?? 0) + 1);
  }
  let repeats = 0;
  for (const { text } of accepted) {
    for (let index = 0; index < PEOPLE; index += 1) {
      const times = received.get(`${text}/${teamsIdOf(index)}`) ?? 0;
      if (times === 0) faults.push(`${teamsIdOf(index)} never received ${text}`);
      repeats += Math.max(0, times - 1);
    }
  }
  const bound = KILLS * (CONCURRENCY + UNRECORDED);
  if (repeats > bound) faults.push(`${repeats} repeats, more than the ${bound} sends that can have been in flight`);
  return faults;
}
