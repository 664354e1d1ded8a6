import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openSlackId, openTeamsConversationId, slackUserId, teamsConversationId } from './ids.ts';

const word = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\n'));

test('a Teams conversation id opens to what it was made of, for its own bot only', () => {
  fc.assert(
    fc.property(word, word, fc.nat(), (member, tenantId, generation) => {
      const id = teamsConversationId('app', { member, tenantId, generation });
      assert.match(id, /^a:1[\w-]+$/);
      assert.deepEqual(openTeamsConversationId('app', id), { member, tenantId, generation });
      assert.equal(openTeamsConversationId('other app', id), null);
    }),
  );
});

test('a Teams conversation id that was tampered with does not open', () => {
  const id = teamsConversationId('app', { member: '29:jane', tenantId: 't', generation: 1 });
  for (const bad of ['', 'a:1', id.slice(0, -2), `${id};messageid=1`, id.replace('a:1', '19:'), 'a:1made-up']) {
    assert.equal(openTeamsConversationId('app', bad), null, bad);
  }
});

test('a Slack user id opens to the e-mail in lower case, and looks like a Slack id', () => {
  fc.assert(
    fc.property(fc.emailAddress(), (email) => {
      const id = slackUserId(email);
      assert.match(id, /^U[A-Z0-9]+$/);
      assert.equal(openSlackId(id), email.toLowerCase());
    }),
  );
  for (const foreign of ['U069C7QFK', 'C0GENERAL', 'U', '']) assert.equal(openSlackId(foreign), null, foreign);
});
