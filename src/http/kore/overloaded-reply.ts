import { COME_AGAIN } from '../accept/limit-work.ts';
import { FAULTS, Fault } from '../faults.ts';
import { envelopeOf } from './envelope.ts';

/** What a call that finds no place is answered, made once. */
export const overloadedReply = () => ({
  status: FAULTS.overloaded.kore.status,
  headers: { ...COME_AGAIN, 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' },
  body: envelopeOf(new Fault('overloaded')),
});
