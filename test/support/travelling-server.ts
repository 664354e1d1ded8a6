import { serveTravelling } from './serve-travelling.ts';

/** A server without a fault, whose time leaps ahead when it is told so. */
await serveTravelling((store) => store);
