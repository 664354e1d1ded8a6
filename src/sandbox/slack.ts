import type { Clock } from '../model/clock.ts';
import type { Ledger } from './ledger.ts';
import type { People } from './people.ts';
import { json, type Provider, planAnswer } from './provider.ts';

export interface SlackParts {
  readonly token: string;
  readonly people: People;
  readonly ledger: Ledger;
  readonly limited: boolean;
  readonly clock: Clock;
}

export interface Slack extends Provider {
  reset(): void;
}

export function openSlack(_parts: SlackParts): Slack {
  return {
    plan: () => planAnswer('unknown', json(200, { ok: false, error: 'unknown_method' })),
    refuse: (status) => json(status, { ok: false, error: 'internal_error' }),
    reset() {},
  };
}
