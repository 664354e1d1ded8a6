import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createClient } from './client.ts';
import { ClientError } from './client-error.ts';

type Answer = (response: ServerResponse) => void;

describe('watching events', () => {
  const seen: IncomingMessage['headers'][] = [];
  let answers: Answer[] = [];
  let url = '';
  const server = createServer((request, response) => {
    seen.push(request.headers);
    (answers.shift() ?? refuse(404))(response);
  });
  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  /** Pauses are over at once, and known; silence lasts as long as a test wants. */
  const pauses: number[] = [];
  let silent: (() => void)[] = [];
  let now = 0;
  const clock = {
    now: () => now,
    monotonic: () => now,
    after(delayMs: number, task: () => void) {
      if (delayMs === 45_000) {
        silent.push(task);
        return () => {
          silent = silent.filter((each) => each !== task);
        };
      }
      pauses.push(delayMs);
      now += delayMs;
      queueMicrotask(task);
      return () => {};
    },
  };
  beforeEach(() => {
    seen.length = 0;
    pauses.length = 0;
    [silent, now] = [[], 0];
  });

  const begin = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream' });
  const event = (id: number, name = 'progress') =>
    `id: ${id}\nevent: ${name}\ndata: {"id":"ds-1","perSecond":${id}}\n\n`;
  const refuse =
    (status: number): Answer =>
    (response) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"title":"no"}');
  const watch = (signal?: AbortSignal) =>
    createClient({ url, token: 't', clock }).events({
      botId: 'st-1',
      notificationId: 'ds-1',
      ...(signal && { signal }),
    });
  const collect = async (signal?: AbortSignal) => {
    const heard: string[] = [];
    for await (const { id, event: name, progress } of watch(signal)) heard.push(`${id} ${name} ${progress.perSecond}`);
    return heard;
  };

  it('comes again with what it heard last, however a connection ended', async () => {
    answers = [
      (response) => begin(response).write(event(1), () => response.destroy()),
      refuse(503),
      refuse(429),
      (response) => response.destroy(),
      // Cut in the middle of an event, which is then none.
      (response) => begin(response).write(`:\n\n${event(2)}id: 3\ndata: {`, () => response.destroy()),
      // A server that is stopping.
      (response) => begin(response).end(event(4)),
      (response) => begin(response).end(event(5, 'end')),
    ];
    assert.deepEqual(await collect(), ['1 progress 1', '2 progress 2', '4 progress 4', '5 end 5']);
    assert.deepEqual(
      seen.map((headers) => headers['last-event-id']),
      [undefined, '1', '1', '1', '1', '2', '4'],
    );
    assert.deepEqual(pauses, [250, 500, 1_000, 2_000, 250, 250]);
    assert.equal(seen[0]?.accept, 'text/event-stream');
    assert.equal(silent.length, 0);
  });

  it('understands lines however they are cut and ended', async () => {
    const text = event(1).replaceAll('\n', '\r\n') + event(2, 'end').replace('data: {', 'data:{\ndata: ');
    answers = [
      async (response) => {
        begin(response);
        for (const letter of text) {
          response.write(letter);
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
    ];
    assert.deepEqual(await collect(), ['1 progress 1', '2 end 2']);
  });

  it('gives up a connection that is silent', async () => {
    answers = [
      (response) => {
        begin(response).write(':\n\n', () => setImmediate(() => silent.at(-1)?.()));
      },
      (response) => begin(response).end(event(1, 'end')),
    ];
    assert.deepEqual(await collect(), ['1 end 1']);
    assert.equal(seen.length, 2);
  });

  it('ends where there is no more to come', async () => {
    answers = [(response) => response.writeHead(204).end()];
    assert.deepEqual(await collect(), []);
    assert.equal(seen.length, 1);
  });

  it('asks no more once it was refused, or when the server is away for five minutes', async () => {
    for (const status of [401, 403, 404]) {
      answers = [refuse(status)];
      await assert.rejects(collect(), { status });
    }
    assert.equal(seen.length, 3);
    answers = Array.from({ length: 100 }, () => refuse(503));
    await assert.rejects(collect(), { status: 503 });
    assert.ok(now >= 300_000 && now < 330_000);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    answers = [(response) => begin(response).write(event(1))];
    await assert.rejects(
      async () => {
        for await (const _ of watch(stop.signal)) stop.abort();
      },
      (error) => error instanceof ClientError && error.status === null,
    );
    assert.equal(seen.length, 1);
  });
});
