import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { after } from 'node:test';
import { type Clock, systemClock } from '../model/clock.ts';
import type { JsonObject } from '../model/json.ts';
import type { News } from '../model/news.ts';
import { type Callback, type CallbackRequest, type Channel, type ChannelInbox, callbackUrl } from './contract.ts';
import { createOutbound } from './outbound-http.ts';
import { CONNECTION_ID } from './test-desk.ts';

/** One connection's inbox, for tests: behind a server on loopback, and to be asked directly. */
export interface Ear {
  readonly inbox: ChannelInbox;
  /** To be given to the desk whose messages are to be told of here. */
  readonly publicUrl: string;
  readonly eventsUrl: string;
  readonly receiptsUrl: string;
  /** What came over HTTP, in its order. */
  readonly heard: readonly Callback[];
  /** What was told over HTTP. */
  news(): News[];
  /** Asks the inbox directly; without more: an empty POST of an event. */
  hear(request?: Partial<HeardRequest>): Promise<Callback>;
}

export interface HeardRequest extends Omit<CallbackRequest, 'body' | 'query'> {
  readonly body: string | Uint8Array;
}

export interface EarOptions {
  readonly channel: Channel;
  readonly settings: JsonObject;
  readonly clock?: Clock;
}

/** Closed after the tests of the file, or of the one test that opens it. Not for a `before`, whose end would close it. */
export async function openTestEar({ channel, settings, clock = systemClock }: EarOptions): Promise<Ear> {
  const outbound = createOutbound();
  const heard: Callback[] = [];
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const publicUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
  const connection = {
    id: CONNECTION_ID,
    botId: 'st-test',
    channel: channel.id,
    name: channel.named ? 'Test' : null,
    settings,
    limits: { perSecond: null, concurrency: null },
    allowPrivateNetwork: true,
  };
  if (channel.openInbox === undefined) throw new Error(`${channel.id} has no inbox.`);
  const inbox = channel.openInbox(connection, { outbound, clock, random: () => 0.5, publicUrl });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await outbound.close();
  });

  return {
    inbox,
    publicUrl,
    eventsUrl: callbackUrl({ publicUrl }, CONNECTION_ID, 'events') ?? '',
    receiptsUrl: callbackUrl({ publicUrl }, CONNECTION_ID, 'receipts') ?? '',
    heard,
    news: () => heard.flatMap(({ news }) => news),
    hear,
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    const callback = await hear({
      method: request.method === 'GET' ? 'GET' : 'POST',
      kind: path.includes('/receipts') ? 'receipts' : 'events',
      url: `${publicUrl}${path.slice(1)}`,
      headers: request.headers,
      body: Buffer.concat(await Array.fromAsync(request)),
    });
    heard.push(callback);
    const { status, type, headers, body } = callback.reply;
    response.writeHead(status, { ...headers, ...(type === undefined ? {} : { 'content-type': type }) }).end(body);
  }

  function hear(request: Partial<HeardRequest> = {}): Promise<Callback> {
    const kind = request.kind ?? 'events';
    const { url = callbackUrl({ publicUrl }, CONNECTION_ID, kind) ?? '', body = '' } = request;
    return inbox.receive({
      method: 'POST',
      headers: {},
      signal: AbortSignal.timeout(5_000),
      ...request,
      kind,
      url,
      query: new URL(url).searchParams,
      body: Buffer.from(body),
    });
  }
}
