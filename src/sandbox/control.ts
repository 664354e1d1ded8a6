import type { Clock } from '../model/clock.ts';
import type { FaultBook } from './faults.ts';
import type { HookSecrets } from './hooks.ts';
import type { Ledger } from './ledger.ts';
import type { People } from './people.ts';
import { type Answer, type Call, json } from './provider.ts';
import type { Stats } from './stats.ts';
import type { Watchers } from './watchers.ts';

export interface ControlParts {
  readonly ledger: Ledger;
  readonly faults: FaultBook;
  readonly people: People;
  readonly hookSecrets: HookSecrets;
  readonly stats: Stats;
  readonly watchers: Watchers;
  readonly clock: Clock;
  reset(): void;
}

export function openControl({ stats }: ControlParts): (call: Call) => Answer | Promise<Answer> {
  return () => json(200, stats.read());
}
