import { once } from 'node:events';
import { createServer, type Server as NetServer } from 'node:net';
import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';

export interface DoorAddress {
  readonly host: string;
  readonly port: number;
}

/** Connections that may wait to be taken; those on top would be tried again after seconds by the kernel of the caller. */
const BACKLOG = 4_096;
/** Only here several sockets may listen at one address, and the kernel spreads the callers over them. */
const MORE_DOORS = process.platform === 'linux' ? 63 : 0;

/**
 * The address of a server, behind several listening sockets: of each, Node takes one connection in a turn of its loop.
 * With one alone, a few hundred new callers wait for seconds just when turns are long, and those that are to be refused
 * do not even hear of it.
 */
export class Doors {
  readonly #app: FastifyInstance;
  readonly #more: NetServer[] = [];
  readonly #closed: Promise<unknown>[] = [];

  constructor(app: FastifyInstance) {
    this.#app = app;
    app.addHook('preClose', async () => {
      for (const door of this.#more) this.#closed.push(new Promise((resolve) => door.close(resolve)));
    });
  }

  async open({ host, port }: DoorAddress): Promise<void> {
    // Sockets that share an address would share it with another server's just as well, and nobody would be told.
    if (port !== 0 && MORE_DOORS > 0) await assertFree({ host, port });
    const sharing = MORE_DOORS > 0 ? { reusePort: true } : {};
    await this.#app.listen({ host, port, backlog: BACKLOG, ...sharing });
    const address = this.#app.server.address();
    if (address === null || typeof address === 'string') return;
    const others = Array.from({ length: MORE_DOORS }, () =>
      createServer((socket) => this.#app.server.emit('connection', socket)),
    );
    for (const door of others) {
      door.listen({ host: address.address, port: address.port, backlog: BACKLOG, ...sharing });
      await once(door, 'listening');
      this.#more.push(door);
    }
  }

  /** Connections that are open, through whichever door they came. */
  async countConnections(): Promise<number> {
    const counts = [this.#app.server, ...this.#more].map((door) =>
      promisify<number>((done) => door.getConnections(done))(),
    );
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  /** Closes the app; resolves when nobody is inside any more. */
  async close(): Promise<void> {
    await this.#app.close();
    await Promise.all(this.#closed);
  }
}

async function assertFree(address: DoorAddress): Promise<void> {
  const probe = createServer().listen(address);
  await once(probe, 'listening');
  await promisify(probe.close.bind(probe))();
}
