import { systemClock } from '../../src/model/clock.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/port.ts';
import { delay } from '../support/delay.ts';
import { BOT, post, type Rig, startRig } from '../support/http-rig.ts';
import { startPostgres, type TestPostgres } from '../support/postgres.ts';
import { between } from '../support/seed.ts';
import { countLost, loadStore, type Told } from '../support/store-load.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

export const postgresCrash: Fault = {
  id: 'F05',
  title: 'PostgreSQL crashes and comes back',
  run: (parts) => crashPostgres({ crashes: 50 }, parts),
  control: (parts) => crashPostgres({ crashes: 3, around: acknowledgeTooEarly }, parts),
};

interface CrashOptions {
  readonly crashes: number;
  readonly around?: (store: Store) => Store;
}

/** Crashes it under load; what does the API say meanwhile, how soon is all well, and is everything still there? */
export async function crashPostgres(options: CrashOptions, parts: FaultParts): Promise<Finding> {
  const postgres = await startPostgres();
  try {
    const url = await postgres.createDatabase();
    return await crashUnderLoad(postgres, url, options, parts);
  } finally {
    await postgres.stop();
  }
}

async function crashUnderLoad(
  postgres: TestPostgres,
  url: string,
  { crashes, around = (store) => store }: CrashOptions,
  { random, seed }: FaultParts,
): Promise<Finding> {
  const rig = await startRig({ database: url });
  const told: Told[] = [];
  const seen = { slowestMs: 0, wrong: 0, slowestHealMs: 0 };
  let over = false;
  try {
    const load = loadStore(around(rig.store), {
      clients: 4,
      run: String(seed),
      goesOn: () => !over,
      onTold: (fact) => told.push(fact),
    });
    for (let crash = 1; crash <= crashes; crash += 1) {
      await delay(between(random, 50, 400));
      await postgres.crash();
      await callWhileDown(rig, seen);
      await postgres.restart();
      seen.slowestHealMs = Math.max(seen.slowestHealMs, await untilAnswered(rig));
    }
    over = true;
    await load;
  } finally {
    over = true;
    await rig.close();
  }
  const store = await openStore(url, { clock: systemClock });
  const lost = await countLost(store, told);
  await store.close();
  return {
    figure: `${crashes} crashes: ${lost} of ${told.length} lost, ${seen.wrong} wrong answers, slowest ${Math.round(seen.slowestMs)} ms, healed ≤ ${Math.round(seen.slowestHealMs)} ms`,
    bar: '0 lost, 503 with Retry-After in ≤ 1 s, healed ≤ 2 s',
    ok: lost === 0 && seen.wrong === 0 && seen.slowestMs <= 1_000 && seen.slowestHealMs <= 2_000 && told.length > 0,
  };
}

const BODY = {
  channel: 'msteams',
  userIdentityType: 'resolve',
  message: { type: 'text', val: 'x' },
  identities: ['ann@example.com'],
};

async function callWhileDown(rig: Rig, seen: { slowestMs: number; wrong: number }): Promise<void> {
  const calls = Array.from({ length: 5 }, async () => {
    const startedAt = performance.now();
    const reply = await post(rig, 'notify', BODY);
    seen.slowestMs = Math.max(seen.slowestMs, performance.now() - startedAt);
    if (reply.status !== 503 || reply.headers.get('retry-after') === null) seen.wrong += 1;
  });
  await Promise.all(calls);
}

async function untilAnswered(rig: Rig): Promise<number> {
  const startedAt = performance.now();
  while ((await post(rig, 'notify', BODY, { bot: BOT })).status !== 200) await delay(10);
  return performance.now() - startedAt;
}

/** The fault of the control: the answer comes before the commit. */
function acknowledgeTooEarly(store: Store): Store {
  return {
    ...store,
    async accept(request) {
      setTimeout(() => void store.accept(request).catch(() => {}), 100);
      return { kind: 'accepted' };
    },
  };
}
