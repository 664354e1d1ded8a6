import { serveBroken } from './broken-server.ts';
import { LEAPS } from './leap.ts';
import { leapingClock } from './leaping-clock.ts';

/** A server without a fault, whose time leaps ahead when it is told so. */
await serveBroken((store) => store, { clock: leapingClock(LEAPS) });
