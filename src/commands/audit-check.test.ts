import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { type AuditHead, type AuditRecord, chain, NO_HEAD } from '../model/audit.ts';
import { checkAudit } from './audit-check.ts';

const BOT = 'st-736ff917-d836-55b4-9a6b-3dad20c09af3';

/** An export of five changes and a send. */
function exportOf(subjects: readonly string[]): string[] {
  let head: AuditHead = NO_HEAD;
  const what = { botId: BOT, action: 'importPeople', target: null, before: null, after: null, ip: '::1' };
  const records = subjects.map((subject): AuditRecord => {
    const record = chain({ ...what, subject, at: 1_772_359_200_789, appId: 'cs-1' }, head);
    head = record;
    return record;
  });
  const entries = records.map((record) => ({ kind: 'change', ...record, at: new Date(record.at).toISOString() }));
  const end = { kind: 'head', botId: BOT, seq: head.seq, hash: head.hash };
  return [...entries, end, { kind: 'send', botId: BOT, target: 'ds-1' }].map((line) => JSON.stringify(line));
}

const lines = exportOf(['ann', 'bob', 'Ø "x"', 'dan', 'eve']);
const hashOfLine = (index: number): string => JSON.parse(lines[index] ?? '')['hash'];
const check = (text: readonly string[], expected: string | null = null) =>
  checkAudit(Readable.from([text.map((line) => `${line}\n`).join('')]), expected);
const without = (index: number) => lines.filter((_, at) => at !== index);

describe('checking an export of the audit', () => {
  it('finds a whole one whole, also one in which nothing was changed yet', async () => {
    const whole = { botId: BOT, entries: 5, sends: 1, head: hashOfLine(4), fault: null };
    assert.deepEqual(await check(lines), whole);
    assert.deepEqual(await check(lines, hashOfLine(2)), whole);
    assert.deepEqual(await check(exportOf([]), ''), { ...whole, entries: 0, head: '' });
  });

  const forgeries: Readonly<Record<string, readonly [text: readonly string[], sentence: RegExp]>> = {
    'a word': [lines.map((line) => line.replace('"subject":"bob"', '"subject":"eve"')), /entry 2 was changed/],
    'a time': [lines.map((line) => line.replace('"at":"2026', '"at":"2025')), /entry 1 was changed/],
    'no time': [lines.map((line) => line.replace('"at":"2026', '"at":"then')), /entry 1 was changed/],
    'an order': [lines.with(1, lines[2] ?? '').with(2, lines[1] ?? ''), /entry 2 is missing/],
    'a missing first': [without(0), /entry 1 is missing/],
    'a missing one': [without(2), /entry 3 is missing/],
    'a missing last': [without(4), /entries after 4 are missing: it ended with 5/],
    'a missing end': [lines.slice(0, 5), /breaks off before its end/],
    'no export': [['{"kind":"other"}'], /a line is none of an export/],
    'no JSON': [['x'], /a line is none of an export/],
    nothing: [[], /breaks off before its end/],
  };
  for (const [what, [text, sentence]] of Object.entries(forgeries)) {
    it(`sees ${what}`, async () => {
      assert.match((await check(text)).fault ?? '', sentence);
    });
  }

  it('sees a chain that was written anew by the hash of an earlier export', async () => {
    const anew = exportOf(['ann', 'bob', 'nobody', 'dan', 'eve']);
    assert.equal((await check(anew)).fault, null);
    assert.equal((await check(anew, hashOfLine(1))).fault, null);
    assert.match((await check(anew, hashOfLine(3))).fault ?? '', /not lead through the hash that is expected/);
  });
});
