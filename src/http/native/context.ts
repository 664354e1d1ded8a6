import type { Clock } from '../../model/clock.ts';
import type { Tenancy } from '../../model/tenancy.ts';
import type { Store } from '../../store/port.ts';
import type { Gate } from '../auth/gate.ts';

export const NATIVE_PREFIX = '/api/v1';

/** What native routes are given. They throw `Fault`s, which leave as RFC 9457 problems. */
export interface NativeContext {
  readonly store: Store;
  readonly tenancy: Tenancy;
  readonly clock: Clock;
  readonly gate: Gate;
}
