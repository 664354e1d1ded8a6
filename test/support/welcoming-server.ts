import { DEFAULT_LIMITS } from '../../src/http/server.ts';
import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: it takes every call, however many it has. */
Object.assign(DEFAULT_LIMITS, { maxCalls: Number.POSITIVE_INFINITY });
await serveBroken((store) => store);
