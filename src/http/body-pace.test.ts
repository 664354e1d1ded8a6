import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { BOT, type Rig, startRig, tokenFor } from '../../test/support/http-rig.ts';

const WINDOW_MS = 5_000;
const limits = { bodyWindowMs: WINDOW_MS, minWindowBytes: 100 };
const person = (index: number) => `{"email":"p${index}@example.com","name":"${'x'.repeat(200)}"}\n`;
const call = JSON.stringify({
  channel: 'msteams',
  userIdentityType: 'resolve',
  message: { type: 'text', val: 'x'.repeat(1_500) },
  identities: ['a@b.c'],
});
const NOTIFY = `POST /api/public/bot/${BOT}/notify`;
const PEOPLE = `PUT /api/v1/bots/${BOT}/people`;

describe('the pace of bodies', () => {
  for (const [name, target, type, body] of [
    ['a call', NOTIFY, 'application/json', call],
    ['an upload of people', PEOPLE, 'application/x-ndjson', Array.from({ length: 8 }, (_, i) => person(i)).join('')],
  ] as const) {
    it(`${name} that moves on is taken, however long it takes`, async (t) => {
      const { rig, send, near } = await slowRig(t, target, type, body.length);
      const answer = answerOf(near);
      for (let start = 0; start < body.length; start += 200) {
        await send(body.slice(start, start + 200));
        if (start + 200 < body.length) rig.clock.advance(WINDOW_MS);
      }
      assert.match(await answer, /^HTTP\/1\.1 200 /);
    });

    it(`${name} that trickles is cut off with 408`, async (t) => {
      const { rig, send, near } = await slowRig(t, target, type, body.length);
      const answer = answerOf(near);
      const closed = once(near, 'close');
      await send(body.slice(0, 200));
      rig.clock.advance(WINDOW_MS);
      await send(body.slice(200, 220));
      rig.clock.advance(WINDOW_MS);
      assert.match(await answer, /^HTTP\/1\.1 408 [\s\S]*connection: close/i);
      await closed;
      // The server hears of the end a moment later, and then watches nothing any more.
      while (rig.clock.waiting() > 0) await new Promise(setImmediate);
    });
  }

  it('a callback that trickles is cut off with 408', async (t) => {
    const { rig, near } = await slowRig(t, 'POST /channels/cn-unknown/events', 'application/json', 1_000);
    const answer = answerOf(near);
    rig.clock.advance(WINDOW_MS);
    assert.match(await answer, /^HTTP\/1\.1 408 /);
  });
});

/** A request whose headers have arrived, and a way to send more of it that waits until that has arrived. */
async function slowRig(t: TestContext, target: string, type: string, length: number) {
  const rig = await startRig({ limits });
  t.after(() => rig.close());
  const connected = once(rig.app.server, 'connection');
  const near = connect(rig.port, '127.0.0.1');
  near.on('error', () => {});
  t.after(() => near.destroy());
  const [far]: Socket[] = await connected;
  const send = async (bytes: string) => {
    const before = far?.bytesRead ?? 0;
    near.write(bytes);
    while ((far?.bytesRead ?? 0) < before + bytes.length) await new Promise(setImmediate);
  };
  await send(
    `${target} HTTP/1.1\r\nhost: a\r\nauth: ${await tokenFor('cs-builder')}\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`,
  );
  await untilWatched(rig);
  return { rig, near, send };
}

async function untilWatched(rig: Rig): Promise<void> {
  while (rig.clock.waiting() === 0) await new Promise(setImmediate);
}

const answerOf = (socket: Socket): Promise<string> =>
  new Promise((resolve) => socket.once('data', (chunk) => resolve(chunk.toString('latin1'))));
