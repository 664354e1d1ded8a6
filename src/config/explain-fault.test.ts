import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Value } from 'typebox/value';
import { sms } from '../channels/sms/sms.ts';
import { explainShape } from './explain-fault.ts';

const SID = '0'.repeat(32);

/** [settings, what is said about them]: rules that hold in certain cases only, key by key */
const CASES: readonly (readonly [Readonly<Record<string, unknown>>, readonly string[]])[] = [
  [{ provider: 'twilio' }, ['accountSid is missing.', 'authToken is missing.', 'from is missing.']],
  [{ provider: 'generic' }, ['url is missing.', 'body is missing.']],
  [
    { provider: 'twilio', accountSid: `AC${SID}`, authToken: 'a', from: 'Beckon', url: 'https://example.com' },
    ['url is not a key here.'],
  ],
  [
    { provider: 'twilio', accountSid: `AC${SID}`, apiKeySid: `SK${SID}`, messagingServiceSid: `MG${SID}` },
    ['apiKeySecret is missing.'],
  ],
  [
    { provider: 'generic', url: 'https://example.com', format: 'form', body: { a: { b: 'c' } } },
    [
      'body.a must be text; put quotes around a value that reads as a number or as true or false, or a number, or true or false.',
    ],
  ],
  [{ provider: 'fax' }, ['provider must be one of twilio, generic.']],
];

describe('A rule for certain cases', () => {
  for (const [settings, said] of CASES) {
    test(`broken by ${JSON.stringify(settings)} is one sentence for each key`, () => {
      const faults = explainShape(sms.settings, Value.Default(sms.settings, { ...settings }));
      assert.deepEqual(
        faults.map(({ key, sentence }) => `${key} ${sentence}`),
        said,
      );
    });
  }
});
