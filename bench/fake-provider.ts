import { startSandbox } from '../src/sandbox/sandbox.ts';

/** The provider both sides send to, in a process of its own; says where it listens and stays until it is ended. */
const sandbox = await startSandbox({ limits: 'off', ledger: 'counts', tokenLifetimeSeconds: 86_400 });
console.log(JSON.stringify({ urls: sandbox.urls, credentials: sandbox.credentials }));
