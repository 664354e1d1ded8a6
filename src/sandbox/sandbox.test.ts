import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { subscriptionAt } from './push-subscriptions.ts';
import { startSandbox } from './sandbox.ts';
import { call, openBot, openRig } from './test-rig.ts';

test('a taken port is named in one sentence', async () => {
  const first = await openRig();
  const port = Number(new URL(first.urls.base).port);
  await assert.rejects(startSandbox({ port }), {
    message: `The sandbox cannot listen on 127.0.0.1:${port}: the port is taken; choose another.`,
  });
});

test('the guide shows the addresses, the credentials and commands that work', async () => {
  const sandbox = await openRig();
  const { text, status } = await call(`${sandbox.urls.base}/`, { method: 'GET' });
  assert.equal(status, 200);
  const { teams, slack, googleChat, whatsapp, hook, twilio, webpush } = sandbox.credentials;
  for (const fact of [
    sandbox.urls.teams,
    sandbox.urls.login,
    sandbox.urls.slack,
    sandbox.urls.googleToken,
    sandbox.urls.googleChat,
    googleChat.clientEmail,
    sandbox.urls.whatsapp,
    whatsapp.phoneNumberId,
    whatsapp.accessToken,
    teams.appPassword,
    slack.token,
    hook.secret,
    sandbox.urls.twilio,
    twilio.authToken,
    webpush.vapidPublicKey,
    webpush.vapidPrivateKey,
    JSON.stringify(subscriptionAt(sandbox.urls.webpush, 'jane').keys),
  ]) {
    assert.ok(text.includes(fact), fact);
  }
  for (const [command, method, path, body] of text.matchAll(/curl -X (\w+) (\S+)(?: -d '([^']+)')?/g)) {
    const reply = await call(String(path), { method: String(method), ...(body === undefined ? {} : { body }) });
    assert.equal(reply.status, 200, `${command}: ${reply.text}`);
  }
});

test('everything is where the guide says, and nothing elsewhere', async () => {
  const { urls } = await openRig();
  assert.equal((await call(`${urls.base}/elsewhere`)).status, 404);
  assert.equal((await call(`${urls.login}`)).status, 404);
  assert.equal((await call(`${urls.login}/x/oauth2/v2.0/token`, { method: 'GET' })).status, 404);
});

test('a body over 4 MiB is refused', async () => {
  const { urls } = await openRig();
  assert.equal((await call(`${urls.hooks}/demo`, { body: 'x'.repeat(4 * 1024 * 1024 + 1) })).status, 413);
});

test('when no connection of a caller who is gone is open, all it had said was heard', async () => {
  const sandbox = await openRig();
  const socket = connect(Number(new URL(sandbox.urls.base).port), '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  await sandbox.until(() => sandbox.stats().openConnections === 1);
  socket.write('POST /hooks/demo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}', () => socket.destroy());
  await sandbox.until(() => sandbox.stats().openConnections === 0);
  assert.equal(sandbox.ledger.size, 1);
});

test('connections are kept: many calls, few connections', async () => {
  const sandbox = await openRig({ limits: 'off' });
  const bot = await openBot(sandbox);
  for (let made = 0; made < 20; made++) await bot.create(`29:${made}`);
  assert.ok(sandbox.stats().connections <= 2, `${sandbox.stats().connections} connections`);
});

test('faults, people and ledger mode can be given at the start, and survive a reset', async () => {
  const sandbox = await openRig({
    ledger: 'counts',
    people: { teams: [{ match: '29:jane', state: 'blocked' }] },
    faults: [{ recipient: '29:john', route: 'send', times: 1, fault: { kind: 'status', status: 500 } }],
  });
  const bot = await openBot(sandbox);
  for (const _round of [1, 2]) {
    assert.equal((await bot.send(await bot.conversationWith('29:jane'))).status, 403);
    assert.equal((await bot.send(await bot.conversationWith('29:john'))).status, 500);
    sandbox.reset();
  }
});

test('what an in-process fault gets wrong is told in the answer, and the sandbox lives on', async () => {
  const sandbox = await openRig();
  sandbox.faults.add({ times: 1, fault: { kind: 'status', status: 200, headers: { 'bad header': 'x' } } });
  const reply = await call(`${sandbox.urls.hooks}/demo`, { body: '{}' });
  assert.deepEqual([reply.status, /sandbox itself failed/.test(reply.text)], [500, true]);
  assert.equal((await call(`${sandbox.urls.hooks}/demo`, { body: '{}' })).status, 200);
});

test('closing cuts hanging and delayed calls, ends every wait and frees the port', async () => {
  const sandbox = await startSandbox({
    faults: [{ recipient: 'a', fault: { kind: 'hang' } }, { fault: { kind: 'slow', delayMs: 3_600_000 } }],
  });
  const { hostname, port } = new URL(sandbox.urls.base);
  const sockets = ['a', 'b'].map((hook) => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.write(`POST /hooks/${hook} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`);
    return socket;
  });
  await sandbox.until(() => sandbox.stats().inFlight === 2);
  const never = assert.rejects(
    sandbox.until(() => false),
    /closed before the condition held/,
  );
  const closed = sockets.map((socket) => once(socket, 'close'));
  await sandbox.close();
  await Promise.all([never, ...closed]);
  const again = await startSandbox({ port: Number(port) });
  await again.close();
});
