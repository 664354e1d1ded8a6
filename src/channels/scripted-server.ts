import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** A server for tests that answers with raw bytes, so that it can say what no HTTP library would. */
export interface ScriptedServer {
  readonly port: number;
  readonly url: string;
  /** Connections accepted so far. */
  readonly connections: number;
  /** Head and body of every whole request that arrived, in order. */
  readonly requests: readonly string[];
  /** Resolves when the last open connection has ended. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** Called with every whole request; writes what it likes to the socket. */
export type Script = (socket: Socket, request: string, count: number) => void;

/** `onConnection` sees a connection before anything came by it. */
export async function serveScript(
  script: Script,
  host = '127.0.0.1',
  port = 0,
  onConnection?: (socket: Socket) => void,
): Promise<ScriptedServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;

  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0) server.emit('idle');
    });
    onConnection?.(socket);
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      for (let request = takeRequest(received); request !== null; request = takeRequest(received)) {
        received = received.slice(request.length);
        script(socket, request, requests.push(request));
      }
    });
  });
  await listen(server, host, port);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The test server has no port.');

  return {
    port: address.port,
    url: `http://${host}:${address.port}`,
    requests,
    get connections() {
      return connections;
    },
    async idle() {
      if (sockets.size > 0) await once(server, 'idle');
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A whole HTTP answer with its length. */
export function rawAnswer(status: number, body: string, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({ 'content-length': String(Buffer.byteLength(body)), ...headers });
  return `HTTP/1.1 ${status} X\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}

export const answerWith =
  (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Script =>
  (socket) =>
    socket.write(rawAnswer(status, body, headers));

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host);
  await once(server, 'listening');
}

/** The first whole request of the text, by its content-length; null while it is not all there. */
function takeRequest(text: string): string | null {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, headEnd))?.[1] ?? '0';
  const end = headEnd + 4 + Number(length);
  return text.length < end ? null : text.slice(0, end);
}
