import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogFormat, LogLevel } from '../config/settings.ts';
import { parseJsonObject } from '../model/json.ts';
import type { LogFields } from '../model/logger.ts';
import { createLogger } from './logger.ts';

function capture(level: LogLevel, format: LogFormat, isTTY = false) {
  const lines: string[] = [];
  const stream = { isTTY, write: (line: string) => void lines.push(line) };
  return { logger: createLogger({ level, format, stream }), lines };
}

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.canary-signature';

/** An error the way drivers make them: credentials in its words, in its properties and in its cause. */
function leakyError(): Error {
  const cause = new Error(`connect to postgres://beckon:canary-password@db/x with password=canary-inline failed`);
  return Object.assign(
    new TypeError(`refused Bearer canary-bearer and ${JWT} at https://x/y?sig=canary-query`, { cause }),
    {
      code: 'E_LEAK',
      config: { headers: { authorization: 'Bearer canary-header' }, body: 'canary-body' },
      toString: () => 'canary-tostring',
    },
  );
}

/** What a careless caller might pass, past the type. */
const SMUGGLED = {
  channel: 'msteams',
  delivered: 3,
  authorization: 'canary-authorization',
  clientSecret: 'canary-secret',
  identity: 'canary@example.com',
  message: 'canary-message',
  detail: `slack said xoxb-canary, webhook whsec_canary, client_secret=canary-form`,
  url: 'https://canary-user:canary-pw@h/p?token=canary-token',
  status: { nested: 'canary-object' },
  error: leakyError(),
};

for (const format of ['json', 'text'] as const) {
  for (const level of ['debug', 'info'] as const) {
    test(`no planted secret reaches a ${format} line at level ${level}`, () => {
      const { logger, lines } = capture(level, format);
      logger.error('batch attempted', SMUGGLED as unknown as LogFields);
      assert.equal(lines.length, 1);
      assert.doesNotMatch(lines[0] ?? '', /canary/);
      assert.match(lines[0] ?? '', /msteams/);
    });
  }
}

test('a JSON line is one object with level, time, event and the allowed fields', () => {
  const { logger, lines } = capture('info', 'json');
  logger.info('batch attempted', { botId: 'st-1', delivered: 2, reason: null });
  const { time, pid, ...rest } = parseJsonObject(lines[0] ?? '') ?? {};
  assert.deepEqual(rest, { level: 'info', event: 'batch attempted', botId: 'st-1', delivered: 2, reason: null });
  assert.match(String(time), /^\d{4}-\d\d-\d\dT/);
  assert.equal(pid, process.pid);
});

test('errors keep type, message and code; the stack only at debug', () => {
  const read = (level: LogLevel) => {
    const { logger, lines } = capture(level, 'json');
    logger.error('x failed', { error: Object.assign(new RangeError('out of range'), { code: 'E_RANGE' }) });
    return parseJsonObject(lines[0] ?? '')?.['error'];
  };
  assert.deepEqual(read('info'), { type: 'RangeError', message: 'out of range', code: 'E_RANGE' });
  assert.match(JSON.stringify(read('debug')), /logger\.test\.ts/);
});

test('a value with line breaks cannot forge a line, and a long one is cut', () => {
  const { logger, lines } = capture('info', 'text');
  logger.warn('odd answer', { detail: 'a\n12:00:00.000 error forged\u2028\u001b[31m', reason: 'x'.repeat(5_000) });
  assert.equal(lines.length, 1);
  assert.equal((lines[0] ?? '').trimEnd().split(/[\n\u2028]/).length, 1);
  assert.ok(!(lines[0] ?? '').includes('\u001b'));
  assert.ok((lines[0] ?? '').length < 1_200);
});

test('auto means text on a terminal and JSON elsewhere; quieter levels are dropped', () => {
  const terminal = capture('warn', 'auto', true);
  terminal.logger.info('dropped');
  terminal.logger.warn('kept', { channel: 'slack' });
  assert.equal(terminal.lines.length, 1);
  assert.match(terminal.lines[0] ?? '', /^\d\d:\d\d:\d\d\.\d{3} warn {2}kept channel=slack\n$/);
  const pipe = capture('warn', 'auto');
  pipe.logger.error('kept');
  assert.equal(parseJsonObject(pipe.lines[0] ?? '')?.['event'], 'kept');
  const silent = capture('silent', 'json');
  silent.logger.error('dropped');
  assert.equal(silent.lines.length, 0);
});
