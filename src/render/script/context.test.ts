import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Person } from '../../model/person.ts';
import { writeContext } from './context.ts';
import { describeFault } from './fault.ts';

const person: Person = {
  botId: 'st-1',
  id: 'u-1',
  email: 'ann@abc.com',
  upn: 'ann@corp.abc.com',
  phone: '+49 170 1234567',
  identities: ['A-17'],
  name: 'Ann Mary Lee',
  locale: 'de-AT',
  timeZone: 'Europe/Vienna',
  tags: ['employees'],
  attributes: { dept: 'Sales', jTitle: 7, level: { grade: 3 } },
  addresses: [],
};

const contextOf = (
  known: Partial<Person> | null,
  identity = 'ann@abc.com',
  parameters: Record<string, string> | null = null,
) =>
  JSON.parse(
    writeContext({
      botName: 'HR assistant',
      notification: { botId: 'st-1', id: 'ds-1', channelSpelling: 'MSTeams' },
      recipient: { identity, parameters },
      personId: 'u-1',
      person: known && { ...person, ...known },
    }),
  );

test('the context says who, where and in which language', () => {
  const context = contextOf({}, 'ann@abc.com', { order: 'X-1' });
  assert.deepEqual([context.bot, context.botid, context.currentLanguage], ['HR assistant', 'st-1', 'de']);
  assert.deepEqual(context.parameters, { order: 'X-1' });
  assert.deepEqual(context.session.opts, { userId: 'u-1', streamId: 'st-1' });
  const { lastMessage } = context.session.BotUserSession;
  assert.equal(lastMessage.channel, 'MSTeams');
  assert.deepEqual(lastMessage.messagePayload.meta, { timezone: 'Europe/Vienna', locale: 'de-AT' });
  assert.equal(lastMessage.messagePayload.from.id, 'ann@abc.com');
});

test('UserContext says what the directory knows', () => {
  const { UserContext } = contextOf({}).session;
  const { _id, emailId, firstName, lastName, dept, jTitle, customData, tags, identities } = UserContext;
  assert.deepEqual([_id, emailId, firstName, lastName], ['u-1', 'ann@abc.com', 'Ann', 'Mary Lee']);
  assert.deepEqual([dept, jTitle, tags], ['Sales', '', ['employees']]);
  assert.deepEqual(customData, person.attributes);
  assert.deepEqual(identities, [
    { val: 'ann@abc.com', type: 'email' },
    { val: 'ann@corp.abc.com', type: 'upn' },
    { val: '+49 170 1234567', type: 'phone' },
    { val: 'A-17', type: 'other' },
  ]);
});

const names: readonly [name: string | null, attributes: Person['attributes'], first: string, last: string][] = [
  ['Ann', {}, 'Ann', ''],
  [' Ann  Lee ', {}, 'Ann', 'Lee'],
  [null, {}, '', ''],
  ['Dr. Ann Lee', { firstName: 'Ann', lastName: 'Lee' }, 'Ann', 'Lee'],
  ['Ann Lee', { firstName: 7, lastName: '' }, 'Ann', 'Lee'],
];
for (const [name, attributes, first, last] of names) {
  test(`the names of ${JSON.stringify(name)} with ${JSON.stringify(attributes)}`, () => {
    const { firstName, lastName } = contextOf({ name, attributes }).session.UserContext;
    assert.deepEqual([firstName, lastName], [first, last]);
  });
}

test('somebody unknown has the identity the caller named, and every key is there', () => {
  for (const [identity, email, type] of [
    ['bo@abc.com', 'bo@abc.com', 'email'],
    ['491701234567', '', 'other'],
  ]) {
    const context = contextOf(null, identity);
    assert.equal(context.session.UserContext.emailId, email);
    assert.deepEqual(context.session.UserContext.identities, [{ val: identity, type }]);
    assert.deepEqual(Object.keys(context), Object.keys(contextOf({})));
    assert.deepEqual(Object.keys(context.session.UserContext), Object.keys(contextOf({}).session.UserContext));
  }
});

test('a fault is told in one line of printable characters', () => {
  const tell = (line: number | null, reason: string) => describeFault({ kind: 'thrown', line, reason });
  assert.equal(tell(3, 'ReferenceError: foo is not defined'), 'line 3: ReferenceError: foo is not defined');
  assert.equal(tell(null, 'printed nothing'), 'printed nothing');
  assert.equal(tell(1, ' a\n\u0007\u202e\u2028\ud800b\t '), 'line 1: a b');
  const long = tell(1, `${'x'.repeat(246)}\u{1F600}${'x'.repeat(1_000)}`);
  assert.ok(long.length <= 256 && long.isWellFormed() && long.endsWith('…'), long);
});
