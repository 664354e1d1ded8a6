import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { it } from 'node:test';
import { BOT, post, startRig } from '../../test/support/http-rig.ts';

const body = {
  channel: 'msteams',
  userIdentityType: 'resolve',
  message: { type: 'text', val: 'Hello' },
  identities: ['a@b.c'],
};

it('a server that closes waits for calls in work, within reason, and for nobody who says nothing', async () => {
  const begun = Promise.withResolvers<void>();
  const rig = await startRig({
    around: (store) => ({
      ...store,
      accept: () => {
        begun.resolve();
        return new Promise(() => {});
      },
    }),
  });
  const open = async (bytes: string) => {
    const socket = connect(rig.port, '127.0.0.1');
    const taken = once(rig.app.server, 'connection');
    await once(socket, 'connect');
    await taken;
    socket.write(bytes);
    return socket;
  };
  const [silent, begins] = [await open(''), await open(`GET /api/v1/bots/${BOT} HTTP/1.1\r\nHost: a\r\nX-`)];
  const ended = Promise.all([silent, begins].map((socket) => once(socket.resume(), 'close')));
  const cut = assert.rejects(post(rig, 'notify', body));
  await begun.promise;

  rig.clock.advance(500);
  const closed = rig.app.close();
  await ended;
  const inWork = () => rig.lines.filter(({ event }) => event === 'calls cut off').map(({ fields }) => fields.count);
  rig.clock.advance(4_900);
  assert.deepEqual(inWork(), []);
  rig.clock.advance(100);
  await cut;
  await closed;
  assert.deepEqual(inWork(), [1]);
  await rig.close();
});
