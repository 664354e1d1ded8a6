import { DEFAULT_LIMITS } from '../../src/http/server.ts';
import { serveBroken } from './broken-server.ts';

/** A server with less patience and fewer places than the real one, for tests that have neither time nor many callers. */
Object.assign(DEFAULT_LIMITS, { headersTimeoutMs: 700, bodyWindowMs: 700, checkIntervalMs: 100, maxCalls: 10 });
await serveBroken((store) => store);
