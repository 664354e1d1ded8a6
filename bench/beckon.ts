import type { Contender } from './contender.ts';
import { PEOPLE, type Stage } from './stage.ts';

export interface BeckonContender extends Contender {
  /** How long anything waited for the server's event loop, ms; once it is closed. */
  loopP99(): number;
}

/** A server on a database of its own. It is over when every notification is durably finished. */
export async function openBeckon(stage: Stage, database: string): Promise<BeckonContender> {
  const server = await stage.start(database, { watchLoop: true });
  const all: string[] = [];
  return {
    async deliver(notifications) {
      const before = await stage.delivered();
      const startedAt = performance.now();
      const ids: string[] = [];
      for (let index = 0; index < notifications; index += 1) ids.push(await stage.notify(server));
      await stage.delivered(before + notifications * PEOPLE);
      // The last checkpoint of a notification comes within 50 ms of its last send; only the newest is asked more than once.
      for (const id of ids) await stage.finished(server, id);
      const ms = performance.now() - startedAt;
      all.push(...ids);
      return ms;
    },
    async close() {
      await server.stop();
      await verifyAll(stage, database, all);
    },
    loopP99: () => loopDelayOf(server.lines),
  };
}

/** By another process, so that it costs neither the clock nor the event loop that is measured, and finds what is durable. */
async function verifyAll(stage: Stage, database: string, ids: readonly string[]): Promise<void> {
  const server = await stage.start(database, { isPrepared: true });
  for (const id of ids) await stage.verify(server, id);
  await server.stop();
}

function loopDelayOf(lines: readonly string[]): number {
  const line = lines.find((entry) => entry.startsWith('{"loopDelay"'));
  if (line === undefined) throw new Error('the server did not tell the delays of its event loop');
  const { loopDelay }: { loopDelay: { p99: number } } = JSON.parse(line);
  return loopDelay.p99;
}
