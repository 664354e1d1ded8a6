import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Sink {
  readonly url: string;
  /** Everybody is taken from now on. */
  mend(): void;
  /** How many messages were taken. */
  count(): number;
  /** How many of them were not what their recipient was to be sent. */
  countWrong(): number;
  close(): void;
}

/** What a webhook follows for nobody: whoever gets it has failed at once. */
const REFUSED = 302;

/** A webhook that takes every message but those of one in so many, until it is mended. */
export async function openSink({ refusedEvery }: { readonly refusedEvery: number }): Promise<Sink> {
  let [taken, wrong, isMended] = [0, 0, false];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const { to, data } = JSON.parse(body);
    const number = Number(/^person-(\d+)@/.exec(to)?.[1]);
    const isRefused = !isMended && number % refusedEvery === 0;
    if (!isRefused) taken += 1;
    if (data[0].val !== `Hello Person ${number}`) wrong += 1;
    response.writeHead(isRefused ? REFUSED : 204).end();
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    mend: () => {
      isMended = true;
    },
    count: () => taken,
    countWrong: () => wrong,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
