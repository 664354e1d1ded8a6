import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { Server as NetServer, Socket } from 'node:net';
import type { RequestHeaders } from './provider.ts';

export interface Listener {
  readonly port: number;
  /** Cuts every connection; resolves when the port is free. */
  close(): Promise<void>;
}

export interface ListenRequest {
  readonly host: string;
  readonly port: number;
  readonly onConnection: (socket: Socket) => void;
  readonly onRequest: RequestListener;
}

/** Longer than a client keeps an idle connection: one that the server drops first looks like a lost answer. */
const KEEP_ALIVE_MS = 60_000;
const BACKLOG = 1024;
const BODY_BYTES = 4 * 1024 * 1024;

export async function listen({ host, port, onConnection, onRequest }: ListenRequest): Promise<Listener> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true }, onRequest);
  server.on('connection', onConnection);
  await startServer(server, host, port);
  return { port: portOf(server), close: () => stop(server) };
}

/** Calls back with the whole body, or with null as soon as it is longer than 4 MiB; never when the caller leaves first. */
export function readBody(request: IncomingMessage, done: (raw: Buffer | null) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= BODY_BYTES) return;
    request.removeAllListeners('data').removeAllListeners('end').resume();
    done(null);
  });
  request.on('end', () => done(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)));
}

/** Looks names up in what the parser saw: calls need one or two, and node's own table of them all costs more. */
export function readHeaders(rawHeaders: readonly string[]): RequestHeaders {
  return (name) => {
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const given = rawHeaders[index];
      if (given?.length === name.length && given.toLowerCase() === name) return rawHeaders[index + 1] || null;
    }
    return null;
  };
}

/** Rejects with a sentence when it cannot listen. */
export function startServer(server: NetServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
    server.listen({ host, port, backlog: BACKLOG }, resolve);
  });
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const cannot = `The sandbox cannot listen on ${host}:${port}`;
  if (error.code === 'EADDRINUSE') return new Error(`${cannot}: the port is taken; choose another.`, { cause: error });
  if (error.code === 'EACCES') return new Error(`${cannot}: not allowed; choose a port above 1023.`, { cause: error });
  return new Error(`${cannot}: ${error.message}.`, { cause: error });
}

export function portOf(server: NetServer): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
