import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: what should be given up after seconds is waited for ten times as long. */
const { setTimeout: setRealTimeout } = globalThis;
const patient = (task: () => void, ms: number) => setRealTimeout(task, ms >= 1_400 && ms <= 5_000 ? ms * 10 : ms);
Object.defineProperty(globalThis, 'setTimeout', { value: patient });
await serveBroken((store) => store);
