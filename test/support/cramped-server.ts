import { Pool } from 'undici';
import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: all accounts at one host share as many connections as one of them may use. */
const CONNECTIONS = 32;
const { dispatch } = Pool.prototype;
Pool.prototype.dispatch = function dispatchCramped(...call) {
  const limit = Object.getOwnPropertySymbols(this).find(({ description }) => description === 'connections');
  if (limit === undefined) throw new Error('a pool of undici knows no limit any more');
  Reflect.set(this, limit, CONNECTIONS);
  return dispatch.apply(this, call);
};
await serveBroken((store) => store);
