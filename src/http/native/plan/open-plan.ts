import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../../model/clock.ts';
import { isId } from '../../../model/ids.ts';
import type { Audience } from '../../../store/port/audiences.ts';
import type { NotificationKey } from '../../../store/port/notifications.ts';
import type { Store } from '../../../store/port.ts';
import { MOST_OPEN, nameAudience, tooManyOpen } from '../../accept/open-audience.ts';
import { Fault } from '../../faults.ts';
import type { Gathered } from '../read-send.ts';
import type { SendBody } from '../send-body.ts';
import { wrong } from '../wrong.ts';

/** Nobody sends next week what they looked at today. */
const PLAN_MS = 3_600_000;

export interface PlanParts {
  readonly store: Pick<Store, 'openAudience' | 'findAudience' | 'advanceAudience'>;
  readonly clock: Clock;
}

/** A plan is an audience that nobody is sent anything of before it is launched. Answers its key. */
export async function openPlan(
  request: FastifyRequest,
  gathered: Gathered,
  { store, clock }: PlanParts,
): Promise<NotificationKey> {
  const now = clock.now();
  const { asked, plan } = nameAudience(request, 'native', gathered, now);
  const held = { ...plan, isHeld: true } as const;
  const opened = { asked, plan: held, endsAt: now + PLAN_MS, most: MOST_OPEN, idempotency: null };
  if ((await store.openAudience(opened)).kind === 'too_many') throw tooManyOpen();
  return { botId: asked.botId, notificationId: asked.id };
}

/** The plan that a body names, which says all there is to say. */
export function keyOfPlan(botId: string, { planId, ...others }: SendBody): NotificationKey {
  const [other] = Object.keys(others);
  if (other !== undefined) throw wrong('/planId', `says it all: leave out ${other}, or the planId`);
  if (planId === undefined || !isId('ds', planId)) throw new Fault('plan_unknown');
  return { botId, notificationId: planId };
}

const isGathering = ({ state }: Audience): boolean => state === 'excluding' || state === 'collecting';
const PAUSE_MS = 50;

/** As it is when it is known whom it is for, or when time is up. The steps are taken here too: nobody else may be awake. */
export async function untilGathered(
  key: NotificationKey,
  until: number,
  { store, clock }: PlanParts,
): Promise<Audience | null> {
  for (;;) {
    const audience = await store.findAudience(key);
    if (audience === null || !isGathering(audience) || clock.monotonic() >= until) return audience;
    if (await store.advanceAudience({ at: clock.now(), limit: ROWS_PER_STEP })) continue;
    // Another server has it in hand.
    await new Promise<void>((resolve) => clock.after(PAUSE_MS, resolve));
  }
}

const ROWS_PER_STEP = 500;
