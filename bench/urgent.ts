import { join } from 'node:path';
import { percentile } from '../test/support/percentile.ts';
import type { Figure, Suite, SuiteOptions } from './figures.ts';
import { BOTS, openStage, PEOPLE, type Stage } from './stage.ts';

/** S8: one message a second of a bot that is calm, from its call to the provider, while another bot's crowd is served. */
export const urgent: Suite = { ids: ['S8'], run };

const PAUSE_MS = 1_000;
/** Notifications of the crowd that wait at any time. */
const WAITING = 20;

async function run({ rounds, size, say }: SuiteOptions): Promise<Figure[]> {
  const calls = size === 'quick' ? 8 : 20;
  const stage = await openStage();
  try {
    const [p50s, p99s]: [number[], number[]] = [[], []];
    for (let round = 1; round <= Math.min(rounds, 3); round += 1) {
      const waits = await waitsOf(stage, join(stage.folder, `urgent-${round}.db`), calls);
      const [p50, p99] = [percentile(waits, 0.5), percentile(waits, 0.99)];
      say(`S8 round ${round}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
      p50s.push(p50);
      p99s.push(p99);
    }
    return [
      { id: 'S8', what: 'urgent beside a crowd, p50', unit: 'ms', values: p50s, bar: { most: 50 } },
      { id: 'S8', what: 'urgent beside a crowd, p99', unit: 'ms', values: p99s, bar: { most: 500 } },
    ];
  } finally {
    await stage.close();
  }
}

/** ms from the call to the moment the provider has processed the message. */
async function waitsOf(stage: Stage, file: string, calls: number): Promise<number[]> {
  const server = await stage.start(`sqlite:${file}`);
  const before = await stage.delivered(0, 'hooks');
  const origin = await stage.delivered();
  const waits: number[] = [];
  let isOver = false;
  const crowd = (async () => {
    for (let sent = 0; !isOver; sent += 1) {
      await stage.notify(server);
      await stage.delivered(origin + Math.max(0, sent - WAITING) * PEOPLE);
    }
  })();
  try {
    for (let call = 0; call < calls; call += 1) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      const startedAt = performance.now();
      await stage.notify(server, BOTS.calm, bodyOf(call));
      await stage.delivered(before + call + 1, 'hooks');
      waits.push(performance.now() - startedAt);
    }
    return waits;
  } finally {
    isOver = true;
    await crowd;
    await server.kill();
  }
}

const bodyOf = (call: number): string =>
  JSON.stringify({
    channel: 'ivr',
    webhookInstanceName: 'Hook',
    userIdentityType: 'resolve',
    message: { type: 'text', val: `urgent ${call}` },
    identities: ['duty@example.com'],
  });
