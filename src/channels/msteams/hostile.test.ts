import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { openTestEar } from '../test-ear.ts';
import { readActivity } from './activity.ts';
import { escapeValue } from './escape.ts';
import { inspectMessage } from './inspect.ts';
import { msteams } from './msteams.ts';

const KEYS = [
  'type',
  'text',
  'channelId',
  'serviceUrl',
  'from',
  'id',
  'aadObjectId',
  'conversation',
  'membersAdded',
  'membersRemoved',
  'attachments',
  'contentType',
  'content',
  'body',
  'items',
  'columns',
  'actions',
  'card',
  'selectAction',
  'fallback',
  'version',
];
const WORDS = [
  'message',
  'conversationUpdate',
  'AdaptiveCard',
  'Container',
  'ColumnSet',
  'Action.ShowCard',
  'Hologram',
  '29:jane',
  '1.4',
  'application/vnd.microsoft.card.adaptive',
  '__proto__',
  'hasOwnProperty',
];

/** JSON that has the right words in the wrong places. */
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 8, withCrossShrink: true },
    fc.constantFrom(...WORDS, null, 7, true, ''),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie('json'), { maxKeys: 8 }),
  ),
}));
const object = json.map((value): JsonObject => {
  const copy: unknown = JSON.parse(JSON.stringify(value));
  return isJsonObject(copy) ? copy : { value: String(copy) };
});

test('no payload is too strange to be inspected, and every fault names a place', () => {
  fc.assert(
    fc.property(object, (payload) => {
      const fault = inspectMessage({ type: 'native', payload });
      assert.ok(fault === null || /^[a-zA-Z$]\S*: /.test(fault.detail), fault?.detail);
    }),
    { numRuns: 2_000 },
  );
});

test('no activity is too strange to be read', () => {
  fc.assert(
    fc.property(object, (activity) => {
      const read = readActivity({ ...activity, type: 'message', channelId: 'msteams', serviceUrl: 'https://x/' });
      assert.ok(read !== null && (read.person === null || read.person.id.startsWith('29:')));
    }),
    { numRuns: 2_000 },
  );
});

test('no value is too strange to be put anywhere', () => {
  const place = fc.constantFrom(
    null,
    'text',
    'attachments[0].content.body[0].text',
    'attachments[0].content.body[0].url',
  );
  fc.assert(fc.property(fc.string({ unit: 'binary' }), place, (value, path) => escapeValue(value, path) !== undefined));
});

test('a value in a card shows as it was written', () => {
  const marks = fc.string({ unit: fc.constantFrom(...'\\`*_[]()<>~#-+.1 \na{}'), maxLength: 30 });
  fc.assert(
    fc.property(marks, (value) => {
      const put = escapeValue(value, 'attachments[0].content.body[0].text');
      // A backslash before punctuation is taken away by whoever shows Markdown, and nothing else is.
      assert.equal(put.replace(/\\([!-/:-@[-`{-~])/g, '$1'), value);
      assert.doesNotMatch(put.replace(/\\[!-/:-@[-`{-~]/g, 'x'), /[\\`*_[\]<~]|^[ \t]*(?:[-+#>]|\d+[.)])|\{\{/m);
    }),
    { numRuns: 2_000 },
  );
});

test('a signed request may hold anything, and is answered', async () => {
  const sandbox = await startSandbox({ limits: 'off' });
  after(() => sandbox.close());
  const { credentials, urls } = sandbox;
  const settings = {
    ...credentials.teams,
    serviceUrl: urls.teams,
    loginUrl: urls.login,
    openIdUrl: urls.teamsOpenId,
  };
  const ear = await openTestEar({ channel: msteams, settings });
  const authorization = `Bearer ${await sandbox.teams.signer.sign(credentials.teams.appId, urls.teams)}`;
  const [frame] = sandbox.teams.write({ kind: 'message', user: '29:jane' });
  await fc.assert(
    fc.asyncProperty(object, fc.boolean(), async (activity, isFramed) => {
      const body = JSON.stringify(isFramed ? { ...activity, ...frame, from: activity['from'] ?? {} } : activity);
      const { reply, news, refused } = await ear.hear({ headers: { authorization }, body });
      assert.ok([200, 400, 403].includes(reply.status), refused);
      assert.ok(reply.status === 200 || news.length === 0);
    }),
    { numRuns: 200 },
  );
});
