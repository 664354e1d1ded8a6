import { join } from 'node:path';
import { walBytes } from '../../src/store/wal.ts';
import type { BeckonProcess } from '../support/beckon.ts';
import { delay } from '../support/delay.ts';
import { type HookStage, openHookStage } from '../support/hook-stage.ts';
import { holdSnapshot } from '../support/outside-reader.ts';
import { untilAllOver } from '../support/until-all-over.ts';
import type { Fault, Finding } from './fault.ts';

export const endlessRead: Fault = {
  id: 'F30',
  title: 'another program holds a snapshot for 10 min, SQLite',
  isPatient: true,
  run: () => holdWhileServing({ holdMs: 600_000, maxWalMb: 256 }),
  // It takes what comes, however long the log gets.
  control: () => holdWhileServing({ holdMs: 5_000, maxWalMb: 32, settingMb: 100_000 }),
};

interface HoldOptions {
  /** From the beginning of the load. */
  readonly holdMs: number;
  /** What the log may grow to. */
  readonly maxWalMb: number;
  /** What the server is told instead. */
  readonly settingMb?: number;
}

const MB = 1024 * 1024;
const PEOPLE = 500;
const CALLERS = 2;
/** A caller is so far ahead of what is delivered, so that what is accepted already is bounded. */
const MAX_OUTSTANDING = 5_000;
/** How much longer a slow machine may take to write so much that it is refused something. */
const PATIENCE_MS = 45_000;

/**
 * Callers send as fast as the server takes it while somebody reads and does not end. Its log stays within bounds, what
 * was accepted is delivered meanwhile, the program is named, and all is as before when it has gone.
 */
export async function holdWhileServing({ holdMs, maxWalMb, settingMb = maxWalMb }: HoldOptions): Promise<Finding> {
  const stage = await openHookStage({ bots: ['ann'] });
  const path = join(stage.folder, 'beckon.db');
  const database = `sqlite:${path}`;
  try {
    const server = await stage.start(['--database', database, '--max-wal-mb', String(settingMb)]);
    const reader = await holdSnapshot(path);
    const startedAt = performance.now();
    const isOver = ({ refused, peakBytes }: Seen) =>
      performance.now() - startedAt > (refused > 0 ? holdMs : holdMs + PATIENCE_MS) || peakBytes > 2 * maxWalMb * MB;
    const load = startLoad(stage, server, path);
    while (!isOver(load.seen)) await delay(20);
    await load.end();
    const { undelivered, detail } = await untilAllOver(database);
    const { accepted, refused, wrong, peakBytes } = load.seen;
    const peak = toMb(Math.max(peakBytes, walBytes(path)));
    const lost = accepted * PEOPLE - stage.sandbox.ledger.total('hooks');
    const told = server.lines.filter((line) => /"(write-ahead log held|new notifications refused)"/.test(line));
    const named = told.filter((line) => line.includes(`in process ${reader.pid} (node)`)).length;
    await reader.end();
    const healedMs = await untilTaken(stage, server, path);
    const left = toMb(walBytes(path));
    const most = 2 + Math.ceil((performance.now() - startedAt) / 60_000);
    return {
      figure: `${accepted} calls of ${PEOPLE} accepted, ${refused} × 503, ${wrong} other answers; log ≤ ${peak} MB, ${left} MB after; ${lost} lost, ${undelivered} not delivered ${detail} while it was held; the reader named in ${named} of ${told.length} lines; healed in ${healedMs} ms`,
      bar: `log ≤ ${maxWalMb} MB and ≤ 64 MB after, 503 only, all accepted delivered while it is held, the reader named in 1 to ${most} lines, healed ≤ 10 s`,
      ok:
        peak <= maxWalMb &&
        left <= 64 &&
        wrong + Math.abs(lost) + undelivered === 0 &&
        accepted > 0 &&
        refused > 0 &&
        named >= 1 &&
        named === told.length &&
        told.length <= most &&
        healedMs <= 10_000,
    };
  } finally {
    await stage.close();
  }
}

interface Seen {
  accepted: number;
  refused: number;
  wrong: number;
  peakBytes: number;
}

function startLoad(stage: HookStage, server: BeckonProcess, path: string) {
  const seen: Seen = { accepted: 0, refused: 0, wrong: 0, peakBytes: 0 };
  let over = false;
  const caller = async () => {
    for (let call = 0; !over; call += 1) {
      if (seen.accepted * PEOPLE - stage.sandbox.ledger.total('hooks') > MAX_OUTSTANDING) await delay(10);
      else {
        const { id, status, retryAfter } = await stage.send(server.url, {
          bot: 'ann',
          text: `${call}`,
          people: PEOPLE,
        });
        if (id !== null) seen.accepted += 1;
        else seen[status === 503 && retryAfter !== null ? 'refused' : 'wrong'] += 1;
        // Whoever is refused comes again, sooner than it was asked to.
        if (id === null) await delay(200);
      }
      seen.peakBytes = Math.max(seen.peakBytes, walBytes(path));
    }
  };
  const callers = Promise.all(Array.from({ length: CALLERS }, caller));
  return {
    seen,
    async end() {
      over = true;
      await callers;
    },
  };
}

/** Until the server takes something new and has cut its log. */
async function untilTaken(stage: HookStage, server: BeckonProcess, path: string): Promise<number> {
  const askedAt = performance.now();
  const duration = () => Math.round(performance.now() - askedAt);
  for (;;) {
    const { id } = await stage.send(server.url, { bot: 'ann', text: 'after', people: 1 });
    if ((id !== null && toMb(walBytes(path)) <= 64) || duration() > 30_000) return duration();
    await delay(50);
  }
}

const toMb = (bytes: number): number => Math.ceil(bytes / MB);
