import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, test } from 'node:test';
import { chat } from '@googleapis/chat';
import { openChatApp, openRig } from './test-rig.ts';

/** Google's own client, told where the simulator is: what it accepts is in the shape Google answers in. */
const sandbox = await openRig({ limits: 'off' });
const { headers } = await openChatApp(sandbox);
const client = chat({ version: 'v1', rootUrl: sandbox.urls.base, headers, retry: false });
beforeEach(() => sandbox.reset());

test('creates a message and reads the resource', async () => {
  const requestId = randomUUID();
  const requestBody = { text: 'hello', cardsV2: [{ cardId: 'c1', card: { header: { title: 'News' } } }] };
  const { status, data } = await client.spaces.messages.create({ parent: 'spaces/AAAA', requestId, requestBody });
  assert.equal(status, 200);
  assert.match(data.name ?? '', /^spaces\/AAAA\/messages\//);
  assert.equal(data.cardsV2?.[0]?.card?.header?.title, 'News');
  assert.ok(Date.parse(data.createTime ?? '') > 0);
  const again = await client.spaces.messages.create({ parent: 'spaces/AAAA', requestId, requestBody });
  assert.equal(again.data.name, data.name);
  assert.equal(sandbox.ledger.total('googlechat'), 1);
});

test('asks for fields, a reply option and an id of its own', async () => {
  const { data } = await client.spaces.messages.create({
    parent: 'spaces/AAAA',
    messageId: 'client-1',
    messageReplyOption: 'REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD',
    fields: 'name',
    requestBody: { text: 'hello', thread: { threadKey: 'orders' } },
  });
  assert.deepEqual(data, { name: 'spaces/AAAA/messages/client-1' });
});

test('finds a direct message and lists spaces', async () => {
  sandbox.people.change({ google: [{ match: 'users/1', state: 'member' }] });
  const found = await client.spaces.findDirectMessage({ name: 'users/1' });
  assert.deepEqual([found.data.spaceType, found.data.singleUserBotDm], ['DIRECT_MESSAGE', true]);
  const listed = await client.spaces.list({ pageSize: 10 });
  assert.deepEqual(
    listed.data.spaces?.map(({ name }) => name),
    [found.data.name],
  );
});

/** [what is asked for, code, what the client's error says] */
const REFUSALS: readonly (readonly [string, () => Promise<unknown>, number, RegExp])[] = [
  ['a space that is not there', () => create('spaces/unknown'), 404, /Space not found/],
  ['a space the app left', () => create('spaces/removed'), 403, /not a member of this space/],
  ['a user without the app', () => client.spaces.findDirectMessage({ name: 'users/unknown' }), 404, /not found/],
];

for (const [name, ask, code, message] of REFUSALS) {
  test(`reads the refusal of ${name}`, async () => {
    await assert.rejects(ask, (error: unknown) => {
      assert.ok(error instanceof Error && 'status' in error);
      assert.equal(error.status, code);
      assert.match(error.message, message);
      return true;
    });
  });
}

function create(parent: string): Promise<unknown> {
  return client.spaces.messages.create({ parent, requestBody: { text: 'hello' } });
}
