import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientError } from '../client/client-error.ts';
import { ConfigurationError } from '../config/faults.ts';
import { SchemaTooNew } from '../store/migrations.ts';
import { StoreUnavailable } from '../store/port/errors.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { explain } from './explain.ts';

const system = (code: string, facts: object = {}) => Object.assign(new Error(`${code}: raw words`), { code, ...facts });
const postgres = (code: string) => Object.assign(new Error('its words'), { code, severity: 'FATAL' });
const refusal = (status: number | null, text: string) => new ClientError({ status, code: null, text });

const TABLE: readonly (readonly [unknown, number, RegExp])[] = [
  [new ConfigurationError(['a: is missing.']), EXIT.configuration, /^a: is missing\.$/],
  [new CommandFailure('Which bot?', EXIT.usage), EXIT.usage, /^Which bot\?$/],
  [refusal(null, 'http://x gave no answer'), EXIT.unavailable, /^http:\/\/x gave no answer\.$/],
  [refusal(401, 'Invalid JWT token'), EXIT.failure, /refused the token: Invalid JWT token; check its app/],
  [refusal(400, 'Invalid StreamId'), EXIT.failure, /^The server refused the call: Invalid StreamId \(HTTP 400\)\.$/],
  [refusal(429, 'Too many calls'), EXIT.tryLater, /Too many calls/],
  [refusal(503, 'Service Unavailable'), EXIT.tryLater, /Service Unavailable/],
  [new StoreUnavailable('PostgreSQL cannot be reached'), EXIT.unavailable, /^PostgreSQL cannot be reached\.$/],
  [
    postgres('28P01'),
    EXIT.configuration,
    /^PostgreSQL said: its words; check the user and the password in --database\.$/,
  ],
  [postgres('3D000'), EXIT.configuration, /^PostgreSQL said: its words; create it/],
  [postgres('57P03'), EXIT.tryLater, /wait until the server is up/],
  [postgres('XX000'), EXIT.failure, /^PostgreSQL said: its words\.$/],
  [new SchemaTooNew(99), EXIT.configuration, /schema version 99/],
  [
    system('EADDRINUSE', { port: 80, address: '::' }),
    EXIT.unavailable,
    /^Port 80 is taken on ::: stop what listens there/,
  ],
  [system('EADDRNOTAVAIL', { address: '10.9.9.9' }), EXIT.configuration, /has no address 10\.9\.9\.9/],
  [system('EACCES', { port: 80 }), EXIT.configuration, /may not listen on port 80/],
  [system('EACCES', { path: '/x' }), EXIT.configuration, /^\/x cannot be written/],
  [system('EROFS', { path: '/x' }), EXIT.configuration, /^\/x cannot be written/],
  [system('ENOENT', { path: '/x' }), EXIT.configuration, /^\/x cannot be used/],
  [system('ENOSPC'), EXIT.unavailable, /^The disk is full\.$/],
  [new TypeError('x is not\ta function'), EXIT.failure, /^Unexpected: x is not a function\. .*BECKON_DEBUG=1/],
  ['a string', EXIT.failure, /BECKON_DEBUG=1/],
];

for (const [error, exitCode, sentence] of TABLE) {
  test(`${String(error)} is one sentence and exit code ${exitCode}`, () => {
    const explanation = explain(error);
    assert.equal(explanation.exitCode, exitCode);
    assert.equal(explanation.sentences.length, 1);
    assert.match(explanation.sentences[0] ?? '', sentence);
    assert.doesNotMatch(explanation.sentences[0] ?? '', /\n|\.\.| {4}at /);
  });
}
