import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { JobStatus, StatusLog } from '../client/kore-documents.ts';
import { sampleAudience, samplePeople } from './demo/sample-people.ts';
import { parseDurationSeconds } from './duration.ts';
import { openLines } from './progress.ts';
import { readRecipients } from './recipients.ts';
import { summarize } from './summary.ts';
import { readTimingFlags } from './timing-flags.ts';

const folder = mkdtempSync(join(tmpdir(), 'beckon-words-'));
after(() => rmSync(folder, { recursive: true }));

test('durations have a number and a unit', () => {
  const table = { '90s': 90, '15m': 900, '1h': 3_600, '30d': 2_592_000 };
  for (const [text, seconds] of Object.entries(table)) assert.equal(parseDurationSeconds(text, '--expires'), seconds);
  for (const bad of ['', '5', '0h', '-1h', '1w', '1.5h', '1h ', '9999999s']) {
    assert.throws(() => parseDurationSeconds(bad, '--expires'), /^CommandFailure: --expires: .* is not a duration/);
  }
});

test('times are read with their zone or from now on, hours with days and zone or without', () => {
  const now = Date.parse('2026-03-01T10:00:00Z');
  assert.deepEqual(readTimingFlags({}, now), {});
  assert.deepEqual(readTimingFlags({ at: '2h', expires: '1d', priority: 'bulk' }, now), {
    sendAt: '2026-03-01T12:00:00.000Z',
    expiresAt: '2026-03-02T12:00:00.000Z',
    priority: 'bulk',
  });
  assert.equal(readTimingFlags({ at: '2026-03-02T08:00+01:00' }, now).sendAt, '2026-03-02T07:00:00.000Z');
  const hours = { from: '08:00', until: '18:00' };
  const table: Readonly<Record<string, object>> = {
    '08:00-18:00': hours,
    'mon-fri 08:00-18:00': { ...hours, days: ['mon', 'tue', 'wed', 'thu', 'fri'] },
    'Fri-Sun,wed 08:00-18:00 Asia/Tokyo': { ...hours, days: ['fri', 'sat', 'sun', 'wed'], timeZone: 'Asia/Tokyo' },
  };
  for (const [text, expected] of Object.entries(table)) {
    const read = readTimingFlags({ window: text, quiet: text, fallbackZone: 'Europe/Berlin' }, now);
    const whole = { ...expected, fallbackTimeZone: 'Europe/Berlin' };
    assert.deepEqual(read, { window: whole, quietHours: whole });
  }
  for (const bad of ['', '8-18', '08:00', 'mon 08:00 18:00', 'mon-tue-wed 08:00-18:00', 'may 08:00-18:00']) {
    assert.throws(() => readTimingFlags({ window: bad }, now), /^CommandFailure: --window: .* are no hours; write/);
  }
  for (const bad of ['', 'tomorrow', '2026-03-02', '2026-03-02T08:00', '2026-13-02T08:00Z', '0h']) {
    assert.throws(() => readTimingFlags({ at: bad }, now), /^CommandFailure: --at: /);
  }
});

test('recipients come from the flag and the file, trimmed, in order', async () => {
  const toFile = join(folder, 'to.txt');
  writeFileSync(toFile, ' c@d \r\n\ne@f\n');
  assert.deepEqual(await readRecipients({ to: 'a@b, x@y', toFile }), ['a@b', 'x@y', 'c@d', 'e@f']);
  await assert.rejects(readRecipients({}), /To whom\?/);
  await assert.rejects(readRecipients({ toFile: '/none' }), /--to-file: \/none: there is no such file/);
  await assert.rejects(readRecipients({ to: 'x,'.repeat(1_001) }), /1001 recipients are too many/);
});

test('progress in a pipe is a line for each tenth, not for each step', () => {
  const lines: string[] = [];
  const progress = openLines('Delivering', { write: (line) => lines.push(line) });
  for (let done = 0; done <= 1_000; done += 1) progress.update(done, 1_000, `${done} delivered`);
  assert.equal(lines.length, 11);
  assert.equal(lines[0], 'Delivering: 0 % (0 of 1000), 0 delivered\n');
  assert.equal(lines.at(-1), 'Delivering: 100 % (1000 of 1000), 1000 delivered\n');
});

test('a summary counts what was said of the recipients, most frequent first', () => {
  const log = (status: StatusLog['status'], comments: string, originalId: string) => ({ status, comments, originalId });
  const job = {
    _id: 'ds-1',
    status: 'PARTIAL_SUCCESS',
    percentageComplete: 100,
    store: { identitiesCount: 3 },
    count: 3,
    statusLogs: [log('FAILURE', 'no', 'a@b'), log('SUCCESS', 'yes', 'c@d'), log('SUCCESS', 'yes', 'e@f')],
  } as unknown as JobStatus;
  assert.deepEqual(summarize(job).split('\n'), [
    'PARTIAL_SUCCESS  100 %  3 of 3 recipients  ds-1',
    '     2  SUCCESS  yes  (such as c@d)',
    '     1  FAILURE  no  (such as a@b)',
  ]);
});

test('the sample directory has 1,200 different people and the audience 1,000, some unknown to it', () => {
  const emails = new Set(samplePeople().map((person) => person.email));
  assert.equal(emails.size, 1_200);
  const channelIds = samplePeople().flatMap((person) => person.addresses.map((address) => address.channelId));
  assert.equal(new Set(channelIds).size, channelIds.length);
  const audience = sampleAudience();
  assert.equal(new Set(audience).size, 1_000);
  assert.equal(audience.filter((email) => !emails.has(email)).length, 12);
  for (const email of emails) assert.match(email, /^[a-z0-9.]+@example\.com$/);
});
