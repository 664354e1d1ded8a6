import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, test } from 'node:test';
import type { Clock } from '../model/clock.ts';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import { SECOND_GOOGLE_ACCOUNT } from './google-accounts.ts';
import { openGoogleChat } from './google-chat.ts';
import { Ledger } from './ledger.ts';
import { People } from './people.ts';
import type { Answer, Call } from './provider.ts';
import { call, openChatApp, openManualClock, openRig, type Reply } from './test-rig.ts';

const clock = openManualClock();
const sandbox = await openRig({ clock, limits: 'off' });
const { ledger, people, urls } = sandbox;
const app = await openChatApp(sandbox, { clock });
beforeEach(() => sandbox.reset());

const SCOPE = 'https://www.googleapis.com/auth/chat.bot';
const CARD = { cardId: 'c1', card: { header: { title: 'News' } } };

function errorOf({ status, json }: Reply): readonly [number, unknown] {
  const { error } = json;
  return [status, isJsonObject(error) ? error['status'] : undefined];
}

describe('A message', () => {
  test('comes back as the resource it became', async () => {
    const { status, json } = await app.send('spaces/AAAA', { text: 'hello', cardsV2: [CARD] });
    assert.equal(status, 200);
    const { name, thread, ...rest } = json;
    assert.match(String(name), /^spaces\/AAAA\/messages\/[\w.]+$/);
    assert.ok(isJsonObject(thread));
    assert.match(String(thread['name']), /^spaces\/AAAA\/threads\/[\w.]+$/);
    assert.deepEqual(rest, {
      text: 'hello',
      argumentText: 'hello',
      formattedText: 'hello',
      cardsV2: [CARD],
      sender: { name: 'users/100000000000000000001', displayName: 'beckon', type: 'BOT' },
      createTime: new Date(clock.now()).toISOString(),
      space: { name: 'spaces/AAAA', type: 'ROOM', spaceType: 'SPACE', displayName: 'AAAA' },
    });
    const [entry] = ledger.entries();
    assert.deepEqual([entry?.recipient, entry?.conversation, entry?.text], ['spaces/AAAA', 'spaces/AAAA', 'hello']);
    assert.equal(entry?.messageId, name);
  });

  test('has two ids that are not the same', async () => {
    const [first, second] = [await app.send('spaces/A'), await app.send('spaces/A')];
    assert.notEqual(first.json['name'], second.json['name']);
    assert.equal(ledger.total(), 2);
  });

  test('may be named by the app, once', async () => {
    const named = await app.send('spaces/A', { text: 'a' }, '?messageId=client-1');
    assert.equal(named.json['name'], 'spaces/A/messages/client-1');
    assert.equal(named.json['clientAssignedMessageId'], 'client-1');
    assert.deepEqual(errorOf(await app.send('spaces/A', { text: 'b' }, '?messageId=client-1')), [
      409,
      'ALREADY_EXISTS',
    ]);
    assert.equal((await app.send('spaces/B', { text: 'b' }, '?messageId=client-1')).status, 200);
  });

  test('is cut to the fields that were asked for', async () => {
    const { json } = await app.send('spaces/A', { text: 'a' }, '?fields=text,space/name');
    assert.deepEqual(json, { text: 'a', space: { name: 'spaces/A' } });
  });
});

describe('A request id', () => {
  test('brings the first message back, even for another body', async () => {
    const query = `?requestId=${randomUUID()}`;
    const first = await app.send('spaces/A', { text: 'first' }, query);
    const again = await app.send('spaces/A', { text: 'second' }, query);
    assert.deepEqual(again.json, first.json);
    const { total, replays } = ledger.counts('googlechat');
    assert.deepEqual([total, replays], [1, 1]);
  });

  test('is kept through a lost answer', async () => {
    sandbox.faults.set([{ provider: 'googlechat', times: 1, fault: { kind: 'reset', processed: true } }]);
    const query = `?requestId=${randomUUID()}`;
    await assert.rejects(app.send('spaces/A', { text: 'a' }, query));
    assert.equal((await app.send('spaces/A', { text: 'a' }, query)).status, 200);
    assert.equal(ledger.total('googlechat'), 1);
  });

  test('belongs to the credential that used it first', async () => {
    const query = `?requestId=${randomUUID()}`;
    await app.send('spaces/A', { text: 'a' }, query);
    const second = await openChatApp(sandbox, { clock, account: SECOND_GOOGLE_ACCOUNT });
    assert.deepEqual(errorOf(await second.send('spaces/A', { text: 'a' }, query)), [409, 'ALREADY_EXISTS']);
    assert.equal(ledger.total(), 1);
  });

  test('is not used up by a refusal', async () => {
    const query = `?requestId=${randomUUID()}`;
    assert.equal((await app.send('spaces/A', {}, query)).status, 400);
    assert.equal((await app.send('spaces/A', { text: 'a' }, query)).status, 200);
  });
});

/** [what is wrong, body, query] */
const INVALID: readonly (readonly [string, unknown, string])[] = [
  ['no JSON', '{"text":', ''],
  ['nothing to show', {}, ''],
  ['an empty text', { text: '' }, ''],
  ['a text that is none', { text: 5 }, ''],
  ['a field that messages do not have', { text: 'a', blocks: [] }, ''],
  ['cards that are none', { cardsV2: [{ header: {} }] }, ''],
  ['two cards without ids', { cardsV2: [{ card: {} }, { card: {} }] }, ''],
  ['32,001 bytes of text', { text: 'x'.repeat(32_001) }, ''],
  ['32,001 bytes of text in two-byte letters', { text: 'é'.repeat(16_001) }, ''],
  ['32,001 bytes with the cards', { text: 'x'.repeat(31_990), cardsV2: [CARD] }, ''],
  ['a request id that is no UUID', { text: 'a' }, '?requestId=1'],
  ['a message id without client-', { text: 'a' }, '?messageId=mine'],
  ['a message id of 64 characters', { text: 'a' }, `?messageId=client-${'a'.repeat(57)}`],
  ['a reply option that there is not', { text: 'a' }, '?messageReplyOption=MAYBE'],
  ['a parameter that there is not', { text: 'a' }, '?colour=red'],
  ['a field selection that makes no sense', { text: 'a' }, '?fields=(('],
];

for (const [name, body, query] of INVALID) {
  test(`refused: ${name}`, async () => {
    assert.deepEqual(errorOf(await app.send('spaces/A', body, query)), [400, 'INVALID_ARGUMENT']);
    if (!query.includes('fields')) assert.equal(ledger.total(), 0);
  });
}

test('32,000 bytes of text are taken, however long their JSON is', async () => {
  assert.equal((await app.send('spaces/A', { text: '"'.repeat(32_000) })).status, 200);
});

describe('Who may be reached', () => {
  test('spaces by their state', async () => {
    people.change({ google: [{ match: 'spaces/DISABLED', state: 'api_disabled' }] });
    assert.deepEqual(errorOf(await app.send('spaces/unknown1')), [404, 'NOT_FOUND']);
    const removed = await app.send('spaces/removed1');
    assert.deepEqual(errorOf(removed), [403, 'PERMISSION_DENIED']);
    assert.match(removed.text, /not a member of this space/);
    const disabled = await app.send('spaces/DISABLED');
    assert.deepEqual(errorOf(disabled), [403, 'PERMISSION_DENIED']);
    assert.match(disabled.text, /"reason":"SERVICE_DISABLED"/);
    assert.equal(ledger.total(), 0);
  });

  test('users through the direct message with them, by any of its names', async () => {
    people.change({ google: [{ match: 'users/2', state: 'member', space: 'spaces/TWO' }] });
    const found = await app.find('users/1');
    assert.deepEqual(found.json, {
      name: found.json['name'],
      type: 'DM',
      spaceType: 'DIRECT_MESSAGE',
      singleUserBotDm: true,
    });
    await app.send(String(found.json['name']));
    assert.equal(ledger.countOf('googlechat', 'users/1'), 1);
    assert.equal((await app.find('users/2')).json['name'], 'spaces/TWO');
    await app.send('spaces/TWO');
    assert.equal(ledger.countOf('googlechat', 'users/2'), 1);
  });

  test('nobody who never had the app, and nobody by e-mail address', async () => {
    for (const user of ['users/unknown', 'users/removed', 'users/jane@example.com']) {
      assert.deepEqual(errorOf(await app.find(user)), [404, 'NOT_FOUND']);
    }
    for (const user of ['spaces/A', 'users/', '']) {
      assert.deepEqual(errorOf(await app.find(user)), [400, 'INVALID_ARGUMENT']);
    }
  });

  test('in a strict sandbox only who is listed', async () => {
    people.change({ strict: true, google: [{ match: 'spaces/A', state: 'member' }] });
    assert.equal((await app.send('spaces/A')).status, 200);
    assert.equal((await app.send('spaces/B')).status, 404);
    assert.equal((await app.find('users/1')).status, 404);
  });

  test('can be listed as far as they are known by name', async () => {
    assert.deepEqual((await app.list()).json, {});
    people.change({
      google: [
        { match: 'spaces/A', state: 'member' },
        { match: 'users/2', state: 'member', space: 'spaces/TWO' },
        { match: 'spaces/C', state: 'removed' },
      ],
    });
    const names = (json: JsonObject) => (Array.isArray(json['spaces']) ? json['spaces'] : []);
    assert.deepEqual(names((await app.list('?fields=spaces/name')).json), [
      { name: 'spaces/A' },
      { name: 'spaces/TWO' },
    ]);
    assert.equal(names((await app.list('?pageSize=1')).json).length, 1);
  });
});

test('nobody without a token of ours', async () => {
  const url = `${urls.googleChat}v1/spaces/A/messages`;
  for (const headers of [{}, { authorization: 'Bearer ya29.made-up' }, { authorization: 'Basic x' }]) {
    assert.deepEqual(errorOf(await call(url, { headers, body: { text: 'a' } })), [401, 'UNAUTHENTICATED']);
  }
});

test('what is not there is worded as Google does', async () => {
  assert.deepEqual(errorOf(await call(`${urls.googleChat}v2/spaces`, { method: 'GET' })), [404, 'NOT_FOUND']);
  sandbox.faults.set([{ provider: 'googlechat', fault: { kind: 'status', status: 504 } }]);
  assert.deepEqual(errorOf(await app.send('spaces/A')), [504, 'DEADLINE_EXCEEDED']);
});

describe('The quotas', () => {
  test('one message a second for a space, without a word on how long to wait', async () => {
    const limitedClock = openManualClock();
    const limited = await openChatApp(await openRig({ clock: limitedClock }), { clock: limitedClock });
    assert.equal((await limited.send('spaces/A')).status, 200);
    limitedClock.advance(999);
    const busy = await limited.send('spaces/A');
    assert.deepEqual(errorOf(busy), [429, 'RESOURCE_EXHAUSTED']);
    assert.equal(busy.headers.get('retry-after'), null);
    assert.equal((await limited.send('spaces/B')).status, 200);
    limitedClock.advance(1);
    assert.equal((await limited.send('spaces/A')).status, 200);
  });

  test('3,000 messages a minute for a project, whichever account sends them', () => {
    const limitedClock = openManualClock();
    const limited = openWithoutHttp(limitedClock);
    for (let sent = 0; sent < 3000; sent++) assert.equal(limited.send('first', `spaces/S${sent}`).status, 200);
    const busy = limited.send('second', 'spaces/A');
    assert.equal(busy.status, 429);
    assert.match(busy.body, /"quota_limit":"MessageWritesPerMinutePerProject"/);
    assert.equal(limited.find('second').status, 200, 'reads have a quota of their own');
    limitedClock.advance(60_000);
    assert.equal(limited.send('second', 'spaces/A').status, 200);
  });
});

/** The API on its own: three thousand calls over the wire take seconds. */
function openWithoutHttp(clock: Clock) {
  const holderOf = (token: string) => ({ clientEmail: `${token}@project`, scopes: [SCOPE] });
  const tokens = { plan: () => assert.fail(), refuse: () => assert.fail(), holderOf };
  const people = new People();
  const api = openGoogleChat({ tokens, people, ledger: new Ledger('counts', clock), limited: true, clock });
  const ask = (token: string, call: Pick<Call, 'method' | 'path' | 'query' | 'body'>): Answer => {
    const headers = (name: string) => (name === 'authorization' ? `Bearer ${token}` : null);
    const answer = api.plan({ ...call, headers, raw: Buffer.from(call.body) }).run();
    assert.ok(!(answer instanceof Promise));
    return answer;
  };
  return {
    send: (token: string, space: string) =>
      ask(token, { method: 'POST', path: `/v1/${space}/messages`, query: '', body: '{"text":"a"}' }),
    find: (token: string) =>
      ask(token, { method: 'GET', path: '/v1/spaces:findDirectMessage', query: 'name=users/1', body: '' }),
  };
}
