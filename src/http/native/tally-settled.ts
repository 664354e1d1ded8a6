import type { Clock } from '../../model/clock.ts';
import { Fault } from '../faults.ts';

/** Workers let go within moments of a mark; a caller is told what they still hold when they have had them. */
export async function tallySettled<Tally extends { readonly inFlight: number }>(
  tally: () => Promise<Tally | null>,
  clock: Clock,
): Promise<Tally> {
  const endsAt = clock.monotonic() + SETTLE_MS;
  for (;;) {
    const found = await tally();
    if (found === null) throw new Fault('notification_unknown');
    if (found.inFlight === 0 || clock.monotonic() >= endsAt) return found;
    await new Promise<void>((resolve) => clock.after(SETTLE_STEP_MS, resolve));
  }
}

const SETTLE_MS = 1_000;
const SETTLE_STEP_MS = 100;
