import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { BOT, call, post, type Rig, startRig, tokenFor } from '../../test/support/http-rig.ts';

const NOTIFY = `/api/public/bot/${BOT}/notify`;
const HELD_MS = 100;
const body = {
  channel: 'msteams',
  userIdentityType: 'resolve',
  message: { type: 'text', val: 'text' },
  identities: ['a@b.c'],
};

describe('more calls than places', () => {
  it('are refused without a look at the token; others are answered meanwhile', async (t) => {
    const { rig, occupy, release } = await crowdedRig(t);
    const working = await occupy(2);
    const refused = Array.from({ length: 5 }, () => post(rig, 'notify', 'no JSON', { token: 'no token' }));
    assert.equal((await call(rig, '/healthz')).status, 200);
    assert.equal((await call(rig, '/readyz')).status, 200);
    for (const reply of await untilAnswered(rig, Promise.all(refused))) {
      assert.equal(reply.status, 503);
      assert.equal(reply.text, '{"errors":[{"msg":"Service Unavailable","code":503}]}');
      assert.equal(reply.headers.get('retry-after'), '1');
      assert.equal(reply.headers.get('cache-control'), 'no-store');
      assert.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8');
    }
    rig.clock.advance(1_000);
    const told = linesOf(rig, 'requests refused').map(({ fields }) => Number(fields.count));
    assert.equal(
      told.reduce((sum, count) => sum + count, 0),
      5,
    );
    release();
    assert.deepEqual(
      (await Promise.all(working)).map(({ status }) => status),
      [200, 200],
    );
    assert.equal((await post(rig, 'notify', body)).status, 200);
  });

  it('keep their connection, and find a place on it when there is one', async (t) => {
    const { rig, occupy, release } = await crowdedRig(t);
    const working = await occupy(2);
    const socket = open(t, rig);
    const request = await requestOf(JSON.stringify(body));
    socket.write(request);
    assert.match(await untilAnswered(rig, nextAnswer(socket)), /^HTTP\/1\.1 503 /);
    release();
    await Promise.all(working);
    socket.write(request);
    assert.match(await nextAnswer(socket), /^HTTP\/1\.1 200 /);
  });

  it('with a large body are refused at once, and cut when the rest of it does not come', async (t) => {
    const { rig, occupy, release } = await crowdedRig(t);
    const working = await occupy(2);
    const socket = open(t, rig);
    socket.write(await requestOf('x', 1_000_000));
    assert.match(await nextAnswer(socket), /^HTTP\/1\.1 503 /);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    rig.clock.advance(10_000);
    await closed;
    release();
    await Promise.all(working);
  });
});

it('bodies on their way have a limit together', async (t) => {
  const rig = await startRig({ limits: { maxBodyBytesAtOnce: 1_500 } });
  t.after(() => rig.close());
  const slow = open(t, rig);
  slow.write(await requestOf('x', 1_000));
  while (rig.clock.waiting() === 0) await new Promise(setImmediate);
  const second = open(t, rig);
  second.write(await requestOf('x', 1_000));
  assert.match(await nextAnswer(second), /^HTTP\/1\.1 503 [\s\S]*retry-after: 1/i);
  slow.write('x'.repeat(999));
  assert.match(await nextAnswer(slow), /^HTTP\/1\.1 412 /);
  // The server gives up its hold on a body a moment after the caller has the answer.
  for (let answer = '503'; !answer.startsWith('HTTP/1.1 412 '); ) {
    const third = open(t, rig);
    third.write(await requestOf('x'.repeat(500), 1_000));
    await new Promise(setImmediate);
    third.write('x'.repeat(500));
    answer = await nextAnswer(third);
    assert.match(answer, /^HTTP\/1\.1 (412|503) /);
  }
});

it('connections beyond the limit are cut, and those between two calls give way', async (t) => {
  const rig = await startRig({ limits: { maxConnections: 2 } });
  t.after(() => rig.close());
  const idle = [open(t, rig), open(t, rig)];
  for (const socket of idle) {
    socket.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n');
    assert.match(await nextAnswer(socket), /^HTTP\/1\.1 200 /);
  }
  const gone = idle.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  const third = open(t, rig);
  third.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.equal(await nextAnswer(third), '');
  await Promise.all(gone);
  const fourth = open(t, rig);
  fourth.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.match(await nextAnswer(fourth), /^HTTP\/1\.1 200 /);
  rig.clock.advance(1_000);
  assert.deepEqual(
    linesOf(rig, 'requests refused').map(({ fields }) => [fields.route, fields.count]),
    [['connection', 1]],
  );
});

/** Two places, and a store that keeps whoever takes one until it is released. */
async function crowdedRig(t: TestContext) {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let accepting = 0;
  const rig = await startRig({
    limits: { maxCalls: 2 },
    around: (store) => ({
      ...store,
      accept: async (asked) => {
        accepting += 1;
        await released;
        return store.accept(asked);
      },
    }),
  });
  t.after(() => rig.close());
  const occupy = async (places: number) => {
    const working = Array.from({ length: places }, () => post(rig, 'notify', body));
    while (accepting < places) await new Promise(setImmediate);
    return working;
  };
  return { rig, occupy, release };
}

const linesOf = (rig: Rig, event: string) => rig.lines.filter((line) => line.event === event);

/** Lets time pass whenever the server waits for it. */
async function untilAnswered<T>(rig: Rig, answered: Promise<T>): Promise<T> {
  let isOver = false;
  const over = answered.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    rig.clock.advance(HELD_MS);
    await new Promise(setImmediate);
  }
  return over;
}

async function requestOf(text: string, length = text.length): Promise<string> {
  const head = `POST ${NOTIFY} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nauth: ${await tokenFor('cs-builder')}\r\n`;
  return `${head}content-length: ${length}\r\n\r\n${text}`;
}

function open(t: TestContext, rig: Rig): Socket {
  const socket = connect(rig.port, '127.0.0.1');
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  return socket;
}

/** One answer, which is small enough to come in one piece; nothing when the server hangs up. */
function nextAnswer(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    const settle = (answer: string) => {
      socket.off('data', onData).off('close', onClose);
      resolve(answer);
    };
    const onData = (chunk: Buffer) => settle(chunk.toString('latin1'));
    const onClose = () => settle('');
    socket.once('data', onData).once('close', onClose);
  });
}
