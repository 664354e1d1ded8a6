import type { Clock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { PauseReason } from '../model/notification.ts';
import { isOverCeiling, judgeCanary } from '../model/rules.ts';
import type { RuledNotification } from '../store/port/interventions.ts';
import type { NotificationKey } from '../store/port/notifications.ts';
import type { Store } from '../store/port.ts';
import { repeat } from './repeat.ts';

export interface RulesParts {
  readonly store: Pick<Store, 'listRuled' | 'concludeCanary' | 'endRules' | 'pause'>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Something was paused or let go. */
  readonly onChanged: () => void;
}

/** So late at the latest a rule acts, as long as there are no more than a thousand notifications with rules. */
const EVERY_MS = 500;
const PER_LOOK = 1_000;

/** Pauses notifications by the rules they were sent by, and lets the others follow a canary. Answers how to stop it. */
export function keepRules(parts: RulesParts): () => void {
  const { store, clock, logger } = parts;
  let after: NotificationKey | null = null;
  const look = async () => {
    const page = await store.listRuled({ after, limit: PER_LOOK });
    const last = page.length < PER_LOOK ? undefined : page.at(-1);
    after = last === undefined ? null : keyOf(last);
    let isAnyChanged = false;
    for (const ruled of page) isAnyChanged = (await apply(ruled, parts)) || isAnyChanged;
    if (isAnyChanged) parts.onChanged();
  };
  const onError = (error: unknown) => logger.error('keeping rules failed', { error });
  return repeat({ clock, everyMs: EVERY_MS, task: look, onError });
}

/** True: something was paused or let go. */
async function apply(ruled: RuledNotification, { store, clock, logger }: RulesParts): Promise<boolean> {
  const key = keyOf(ruled);
  const { counts, finishedAt, cancelledAt, options } = ruled.notification;
  const at = clock.now();
  const tell = (reason: PauseReason) =>
    logger.warn('notification paused by a rule', {
      ...key,
      reason,
      delivered: counts.delivered,
      failed: counts.failed,
    });

  if (finishedAt !== null || cancelledAt !== null) {
    await store.endRules(key);
    return false;
  }
  // Until it is judged the canary alone decides.
  if (ruled.heldFrom !== null) {
    const verdict = options?.canary === undefined ? 'continue' : judgeCanary(counts, options.canary);
    if (verdict === null || !(await store.concludeCanary({ ...key, at, pauses: verdict === 'pause' }))) return false;
    if (verdict === 'pause') tell('canary');
    if (options?.pauseWhen === undefined) await store.endRules(key);
    return true;
  }
  if (options?.pauseWhen === undefined || !isOverCeiling(counts, options.pauseWhen)) return false;
  const isPaused = await store.pause({ ...key, at, reason: 'failure_ceiling' });
  if (isPaused) tell('failure_ceiling');
  // Once: whoever resumes it has seen why.
  await store.endRules(key);
  return isPaused;
}

const keyOf = ({ notification: { botId, id } }: RuledNotification): NotificationKey => ({ botId, notificationId: id });
