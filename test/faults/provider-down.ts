import { join } from 'node:path';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { delay, patience } from '../support/delay.ts';
import { openHookStage } from '../support/hook-stage.ts';
import { percentile } from '../support/percentile.ts';
import type { Fault, Finding } from './fault.ts';

export const silentProvider: Fault = {
  id: 'F13',
  title: 'a provider that never answers, beside one that does',
  isTimed: true,
  run: () => fallSilent({ calls: 200, shared: false, graceMs: 100 }),
  control: () => fallSilent({ calls: 20, shared: true, graceMs: 100 }),
};

export const unwellProvider: Fault = {
  id: 'F18',
  title: 'a provider that answers 503 for a time',
  isPatient: true,
  run: () => answer503({ forMs: 40_000, people: 1_000, status: 503 }),
  control: () => answer503({ forMs: 1_000, people: 100, status: 410 }),
};

const HUNG = 300;

interface SilenceOptions {
  /** Messages to the provider that is well, one after the other. */
  readonly calls: number;
  /** The control: both bots' webhooks are behind the one that is silent. */
  readonly shared: boolean;
  /** What p99 may be whatever it was before: noise of the machine, well below what a hung call takes. */
  readonly graceMs: number;
}

/** Two accounts, each with a provider of its own: what hangs at one must not be felt at the other. */
export async function fallSilent({ calls, shared, graceMs }: SilenceOptions): Promise<Finding> {
  const other = await startSandbox({ limits: 'off' });
  const hook = (bot: string) => `${other.urls.hooks}/${bot}`;
  const urls = { ann: hook('ann'), ...(shared ? { bob: hook('bob') } : {}) };
  const stage = await openHookStage({ bots: ['ann', 'bob'], urls });
  try {
    const well = shared ? other : stage.sandbox;
    const database = `sqlite:${join(stage.folder, 'beckon.db')}`;
    const server = await stage.start(['--database', database, '--lease-ms', '6000']);
    const sendTo = async (text: string) => {
      const startedAt = performance.now();
      const before = well.ledger.total('hooks');
      await stage.send(server.url, { bot: 'bob', text, people: 1 });
      await Promise.race([well.until(() => well.ledger.total('hooks') > before), patience(2_000)]);
      return performance.now() - startedAt;
    };
    const base: number[] = [];
    for (let call = 0; call < calls; call += 1) base.push(await sendTo(`before ${call}`));
    other.faults.add({ provider: 'hooks', fault: { kind: 'hang' } });
    await stage.send(server.url, { bot: 'ann', text: 'hung', people: HUNG });
    await other.until(() => callsTo(other) >= 32);
    const beside: number[] = [];
    for (let call = 0; call < calls; call += 1) beside.push(await sendTo(`beside ${call}`));
    const made = callsTo(other);
    other.faults.clear();
    const wanted = shared ? 0 : HUNG;
    await Promise.race([other.until(() => other.ledger.total('hooks') >= wanted), patience(60_000)]);
    const missing = wanted - other.ledger.total('hooks');
    const [baseP99, p99] = [percentile(base, 0.99), percentile(beside, 0.99)];
    return {
      figure: `${calls} messages beside ${made} hung calls: p99 ${Math.round(p99)} ms, ${Math.round(baseP99)} ms before; ${missing} of ${HUNG} not delivered once it answers`,
      bar: `p99 ≤ 1.5 × before (or ≤ ${graceMs} ms), all delivered`,
      ok: p99 <= Math.max(1.5 * baseP99, graceMs) && missing <= 0,
    };
  } finally {
    await stage.close();
    await other.close();
  }
}

interface UnwellOptions {
  readonly forMs: number;
  readonly people: number;
  /** 503; of the control something that fails for good. */
  readonly status: number;
}

/** Nobody is given up while the provider is unwell, and everybody is reached soon after. */
export async function answer503({ forMs, people, status }: UnwellOptions): Promise<Finding> {
  const stage = await openHookStage({ bots: ['ann'] });
  const { sandbox } = stage;
  try {
    const database = `sqlite:${join(stage.folder, 'beckon.db')}`;
    const server = await stage.start(['--database', database]);
    sandbox.faults.add({ provider: 'hooks', fault: { kind: 'status', status } });
    await stage.send(server.url, { bot: 'ann', text: 'unwell', people });
    await delay(forMs);
    const made = callsTo(sandbox);
    sandbox.faults.clear();
    const healedAt = performance.now();
    // Nobody waits longer than the back-off that the last failure asked for: about as long again as it was unwell.
    const patienceMs = 2 * forMs + 10_000;
    await Promise.race([sandbox.until(() => sandbox.ledger.total('hooks') >= people), patience(patienceMs)]);
    const healedMs = performance.now() - healedAt;
    const { total, replays } = sandbox.ledger.counts('hooks');
    return {
      figure: `${forMs / 1_000} s of ${status}, ${people} recipients: ${made} calls (${(made / people).toFixed(1)} each), ${people - total} not reached, ${replays} doubled, all well after ${(healedMs / 1_000).toFixed(1)} s`,
      bar: '0 not reached, 0 doubled, ≤ 1.1 calls each',
      ok: total === people && replays === 0 && made <= 1.1 * people,
    };
  } finally {
    await stage.close();
  }
}

const callsTo = (sandbox: Sandbox): number => sandbox.stats().calls.hooks?.['deliver']?.calls ?? 0;
