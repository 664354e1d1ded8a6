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

describe('whoever was refused and comes again over the same connection', () => {
  it('is refused without the parser, and let in by it when there is a place', async (t) => {
    const { rig, call, parsed, release, working } = await refusedCaller(t);
    const [first = ''] = await call.answers(1);
    assert.match(first, /^HTTP\/1\.1 503 Service Unavailable\r\n/);
    assert.match(first, /\r\nretry-after: 1\r\n/);
    assert.match(first, /\r\ncache-control: no-store\r\n/);
    assert.match(first, /\r\nconnection: keep-alive\r\nkeep-alive: timeout=72\r\n/);
    assert.match(first, /\r\n\r\n\{"errors":\[\{"msg":"Service Unavailable","code":503\}\]\}$/);
    for (let count = 0; count < 3; count += 1) {
      call.send();
      assert.deepEqual(await call.answers(1), [first]);
    }
    assert.equal(parsed(), 0);
    rig.clock.advance(1_000);
    assert.equal(
      linesOf(rig, 'requests refused').reduce((sum, { fields }) => sum + Number(fields.count), 0),
      6,
    );
    release();
    await Promise.all(working);
    call.send();
    assert.deepEqual(statusesOf(await call.answers(1)), [200]);
    assert.equal(parsed(), 1);
  });

  it('is refused again after it was let in', async (t) => {
    const { call, parsed, release, occupy, working } = await refusedCaller(t);
    release();
    await Promise.all(working);
    await call.answers(1);
    call.send();
    await call.answers(1);
    const busy = await occupy(2);
    const before = parsed();
    call.send();
    assert.deepEqual(statusesOf(await call.answers(1)), [503]);
    assert.equal(parsed(), before);
    release();
    await Promise.all(busy);
  });

  it('may ask for something else', async (t) => {
    const { call, release, working } = await refusedCaller(t);
    await call.answers(1);
    call.send('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n');
    assert.deepEqual(statusesOf(await call.answers(1)), [200]);
    release();
    await Promise.all(working);
  });

  it('need not wait for its answers', async (t) => {
    const { call, release, working } = await refusedCaller(t);
    await call.answers(1);
    call.send(call.request + call.request);
    call.send();
    assert.deepEqual(statusesOf(await call.answers(3)), [503, 503, 503]);
    release();
    await Promise.all(working);
  });

  for (const at of [1, 100, -1]) {
    it(`may send a call in two pieces, cut at ${at}`, async (t) => {
      const { call, release, working } = await refusedCaller(t);
      await call.answers(1);
      call.send(call.request.slice(0, at));
      await call.untilRead();
      call.send(call.request.slice(at));
      assert.deepEqual(statusesOf(await call.answers(1)), [503]);
      call.send();
      assert.deepEqual(statusesOf(await call.answers(1)), [503]);
      release();
      await Promise.all(working);
    });
  }

  it('cannot pass off what belongs to one call as another', async (t) => {
    const { call, release, working } = await refusedCaller(t);
    await call.answers(1);
    call.send(`POST /unknown HTTP/1.1\r\nhost: a\r\ncontent-length: ${call.request.length}\r\n\r\n`);
    await call.untilRead();
    call.send();
    call.send('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n');
    assert.deepEqual(statusesOf(await call.answers(2)), [404, 200]);
    release();
    await Promise.all(working);
  });

  it('is told when the server closes meanwhile', async (t) => {
    const { call, close, release, working } = await refusedCaller(t);
    const told = new Promise((resolve) => call.socket.once('data', resolve));
    const closed = close();
    await told;
    assert.deepEqual(statusesOf(await call.answers(1)), [503]);
    release();
    await Promise.all(working);
    await closed;
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
  let gate = Promise.withResolvers<void>();
  let accepting = 0;
  let isDraining = false;
  const rig = await startRig({
    limits: { maxCalls: 2 },
    isDraining: () => isDraining,
    around: (store) => ({
      ...store,
      accept: async (asked) => {
        accepting += 1;
        await gate.promise;
        return store.accept(asked);
      },
    }),
  });
  t.after(() => rig.close());
  const release = () => gate.resolve();
  const close = () => {
    isDraining = true;
    return rig.app.close();
  };
  const occupy = async (places: number) => {
    gate = Promise.withResolvers<void>();
    accepting = 0;
    const working = Array.from({ length: places }, () => post(rig, 'notify', body));
    while (accepting < places) await new Promise(setImmediate);
    return working;
  };
  return { rig, occupy, release, close };
}

/** Both places are taken, and one more caller was refused twice by the parser; a third refusal is on its way. */
async function refusedCaller(t: TestContext) {
  const { rig, occupy, release, close } = await crowdedRig(t);
  const working = await occupy(2);
  const socket = open(t, rig);
  const request = await requestOf(JSON.stringify(body));
  let got = '';
  socket.on('data', (bytes) => {
    got += bytes.toString('latin1');
  });
  const answers = async (count: number): Promise<string[]> => {
    const parts = () => got.split(/(?=HTTP\/1\.1 )/).filter((part) => part !== '');
    for (; parts().length < count || !/[}k]$/.test(got); await new Promise(setImmediate)) rig.clock.advance(10);
    const all = parts();
    got = '';
    return all;
  };
  const send = (text = request) => void socket.write(text);
  const untilRead = async () => {
    const [server] = sockets;
    while (server?.bytesRead !== socket.bytesWritten) await new Promise(setImmediate);
  };
  const sockets: Socket[] = [];
  rig.app.server.prependListener('request', ({ socket: from }) => {
    if (from.remotePort === socket.localPort) sockets[0] = from;
  });
  for (let count = 0; count < 2; count += 1) {
    send();
    await answers(1);
  }
  let parsed = 0;
  rig.app.server.prependListener('request', ({ socket: from }) => {
    parsed += Number(from === sockets[0]);
  });
  send();
  await untilRead();
  const call = { socket, request, send, answers, untilRead };
  return { rig, occupy, release, close, working, parsed: () => parsed, call };
}

const statusesOf = (answers: readonly string[]) => answers.map((answer) => Number(answer.slice(9, 12)));

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
