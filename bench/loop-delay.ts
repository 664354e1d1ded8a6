import { monitorEventLoopDelay } from 'node:perf_hooks';

/* Loaded into a server before everything else: tells at its end how long its event loop kept anything waiting. */
const histogram = monitorEventLoopDelay({ resolution: 1 });
histogram.enable();
process.on('exit', () => {
  const [p50, p99, max] = [histogram.percentile(50), histogram.percentile(99), histogram.max];
  console.log(JSON.stringify({ loopDelay: { p50: p50 / 1e6, p99: p99 / 1e6, max: max / 1e6 } }));
});
