import type { Clock } from '../../../model/clock.ts';
import { explainReason } from '../../../model/reasons.ts';
import type { Tenancy } from '../../../model/tenancy.ts';
import type { Audience } from '../../../store/port/audiences.ts';
import type { NotificationKey } from '../../../store/port/notifications.ts';
import type { Store } from '../../../store/port.ts';
import type { ChannelCatalog } from '../../accept/channel-catalog.ts';
import { Fault } from '../../faults.ts';
import { type Rehearsed, type Rehearsing, rehearse } from '../rehearse.ts';

export interface RehearsePlanParts {
  readonly store: Pick<Store, 'listGathered' | 'resolve' | 'listSilenced' | 'listOptedOut'>;
  readonly clock: Clock;
  readonly tenancy: Tenancy;
  readonly catalog: ChannelCatalog;
}

type Failing = Pick<Rehearsed, 'seq' | 'identity'> & NonNullable<Rehearsed['fault']> & { readonly hint: string };

/** What would become of so many of an audience. */
export interface RehearsedPlan {
  readonly rehearsed: number;
  readonly ready: number;
  readonly reasons: Readonly<Record<string, number>>;
  readonly languages: Readonly<Record<string, number>>;
  readonly unrendered: number;
  /** The first few of each. */
  readonly failing: readonly Failing[];
  readonly samples: readonly Rehearsed[];
}

/** Of those who would fail, so many are named; all are counted. */
export const MAX_FAILING = 100;
export const MAX_SAMPLES = 10;
/** Looked at between two looks at the clock; others wait no longer than they take. */
const STRETCH = 500;

/** From the first on until `until`, monotonic ms; the first stretch in any case. */
export async function rehearsePlan(
  key: NotificationKey,
  { asked }: Audience,
  until: number,
  { store, clock, tenancy, catalog }: RehearsePlanParts,
): Promise<RehearsedPlan> {
  const channel = catalog.find(asked.channel);
  const connection = tenancy.connectionById(asked.connectionId);
  if (channel === null || connection === null)
    throw new Fault('plan_outdated', `its ${asked.channel} connection is gone`);
  const { message, resolve, options } = asked;
  const words = { channel, connection, message, resolve, ...(options && { options }) };
  const sum = new Sum();
  for (let afterSeq = -1; ; ) {
    const recipients = await store.listGathered({ ...key, afterSeq, limit: STRETCH });
    if (recipients.length === 0) return sum;
    sum.add(await rehearse({ ...words, recipients } satisfies Rehearsing, { store, botId: key.botId }));
    // A batch is known by its first, and whoever comes after its last is in a later one.
    afterSeq = recipients.at(-1)?.seq ?? afterSeq;
    if (clock.monotonic() >= until) return sum;
  }
}

/** Of a list that is at hand. */
export async function rehearseNamed(
  asked: Rehearsing,
  parts: Pick<RehearsePlanParts, 'store'> & { readonly botId: string },
): Promise<RehearsedPlan> {
  const sum = new Sum();
  sum.add(await rehearse(asked, parts));
  return sum;
}

class Sum implements RehearsedPlan {
  rehearsed = 0;
  ready = 0;
  unrendered = 0;
  readonly reasons: Record<string, number> = {};
  readonly languages: Record<string, number> = {};
  readonly failing: Failing[] = [];
  readonly samples: Rehearsed[] = [];

  add(stretch: readonly Rehearsed[]): void {
    for (const one of stretch) {
      this.rehearsed += 1;
      if (one.message === null) this.unrendered += 1;
      if (one.language !== null) count(this.languages, one.language);
      if (one.fault === null) {
        this.ready += 1;
        if (this.samples.length < MAX_SAMPLES) this.samples.push(one);
        continue;
      }
      const { seq, identity, fault } = one;
      count(this.reasons, fault.reason);
      const failing = { seq, identity, ...fault, hint: explainReason(fault.reason).hint };
      if (this.failing.length < MAX_FAILING) this.failing.push(failing);
    }
  }
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
