import { systemClock } from '../../src/model/clock.ts';
import { serveBroken } from './broken-server.ts';

/** A server on a machine whose clock is set while it runs: SIGUSR2 an hour forward, SIGHUP a day back. Timers go on. */
let aheadMs = 0;
process.on('SIGUSR2', () => {
  aheadMs += 3_600_000;
});
process.on('SIGHUP', () => {
  aheadMs -= 86_400_000;
});
await serveBroken((store) => store, { clock: { ...systemClock, now: () => Date.now() + aheadMs } });
