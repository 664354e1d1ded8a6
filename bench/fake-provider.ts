import { startSandbox } from '../src/sandbox/sandbox.ts';
import { readQuestion } from './processes.ts';

/**
 * The provider both sides send to, in a process of its own, which may take some time (ms) for each send; says where it
 * listens and stays until it is ended.
 */
const { delayMs } = await readQuestion<{ readonly delayMs: number }>();
const sandbox = await startSandbox({ limits: 'off', ledger: 'counts', tokenLifetimeSeconds: 86_400 });
if (delayMs > 0) {
  sandbox.faults.add({ provider: 'teams', route: 'send', fault: { kind: 'slow', delayMs } });
  sandbox.faults.add({ provider: 'hooks', fault: { kind: 'slow', delayMs } });
}
console.log(JSON.stringify({ urls: sandbox.urls, credentials: sandbox.credentials }));
