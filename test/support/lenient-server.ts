import { DEFAULT_LIMITS } from '../../src/http/server.ts';
import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: clients may take all the time they like. */
Object.assign(DEFAULT_LIMITS, { headersTimeoutMs: 290_000, bodyWindowMs: 600_000 });
await serveBroken((store) => store);
