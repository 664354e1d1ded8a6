import { monitorEventLoopDelay } from 'node:perf_hooks';
import { percentile } from './percentile.ts';

const RESOLUTION_MS = 5;

/**
 * At every SIGUSR2 this process says how late its event loop was since the last one, and how much of the processor it
 * took between two turns of a timer, which other processes cannot make longer: `loop <p99> <max> <cpu p99> <cpu max>`.
 */
export function watchLoop(): void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let stretches: number[] = [];
  let last = cpuMs();
  setInterval(() => {
    const now = cpuMs();
    stretches.push(now - last);
    last = now;
  }, RESOLUTION_MS).unref();
  process.on('SIGUSR2', () => {
    const late = (ns: number) => Math.max(0, ns / 1e6 - RESOLUTION_MS);
    const cpu = [percentile(stretches, 0.99), percentile(stretches, 1)];
    const words = [late(delays.percentile(99)), late(delays.max), ...cpu].map((ms) => (ms || 0).toFixed(1));
    console.log(`loop ${words.join(' ')}`);
    delays.reset();
    stretches = [];
  });
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
