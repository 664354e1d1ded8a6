import { systemClock } from '../../src/model/clock.ts';
import { openStore } from '../../src/store/open.ts';
import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: it counts the calls it gets itself and no others. */
const own = await openStore('sqlite::memory:', { clock: systemClock });
await serveBroken((store) => ({ ...store, countCalls: (request) => own.countCalls(request) }));
