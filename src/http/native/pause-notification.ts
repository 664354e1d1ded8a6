import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import type { PauseTally } from '../../store/port/interventions.ts';
import type { NotificationKey } from '../../store/port/notifications.ts';
import { auditOf } from '../contract/audit-of.ts';
import { NOTHING } from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { Fault } from '../faults.ts';
import type { NativeContext } from './context.ts';
import { findNotification, OF_NOTIFICATION, OF_SENT, type OfNotification } from './find-notification.ts';
import { PAUSE_STATE, toIso } from './notification-documents.ts';
import { tallySettled } from './tally-settled.ts';

export interface PauseRoutesOptions extends Pick<NativeContext, 'store' | 'gate' | 'clock'> {
  /** Something was paused or resumed, and this process may be sending it. */
  readonly onChange: () => void;
}

const PAUSE: Operation = {
  id: 'pauseNotification',
  tag: 'notifications',
  summary: 'Hold a notification up',
  description:
    'Nobody more is sent it until it is resumed or its time is over: it still expires, and can be cancelled. Asked twice it says the same, or that more of those in flight have come to their end. What had finished or was cancelled stays as it is.',
  scope: SCOPE_SEND,
  params: OF_NOTIFICATION,
  query: NOTHING,
  replies: { 200: { description: 'Where everybody is.', content: { 'application/json': PAUSE_STATE } } },
  faults: [...OF_BODIES, ...OF_SENT],
};

const RESUME: Operation = {
  ...PAUSE,
  id: 'resumeNotification',
  summary: 'Let a paused notification go on',
  description:
    'Whoever waited is sent it, each when they would have been but for the pause. What was not paused stays as it is.',
};

/** Holding up and going on. A Fastify plugin, under the native prefix. */
export async function pauseRoutes(app: FastifyInstance, options: PauseRoutesOptions): Promise<void> {
  const { gate } = options;
  const url = '/bots/:botId/notifications/:notificationId';
  addOperation(app, gate, { method: 'POST', url: `${url}/pause`, operation: PAUSE, handler: createPause(options) });
  addOperation(app, gate, { method: 'POST', url: `${url}/resume`, operation: RESUME, handler: createResume(options) });
}

function createPause({ store, clock, onChange }: PauseRoutesOptions) {
  return async function pauseNotification(
    request: FastifyRequest<OfNotification>,
  ): Promise<Static<typeof PAUSE_STATE>> {
    const { botId, id: notificationId } = await findNotification(store, request);
    const key = { botId, notificationId };
    await store.pause({ ...key, at: clock.now(), reason: 'caller', audit: auditOf(request, clock) });
    onChange();
    return toPauseState(key, await tallySettled(() => store.tallyPaused(key), clock));
  };
}

function createResume({ store, clock, onChange }: PauseRoutesOptions) {
  return async function resumeNotification(
    request: FastifyRequest<OfNotification>,
  ): Promise<Static<typeof PAUSE_STATE>> {
    const { botId, id: notificationId } = await findNotification(store, request);
    const key = { botId, notificationId };
    await store.resume({ ...key, audit: auditOf(request, clock) });
    onChange();
    const tally = await store.tallyPaused(key);
    if (tally === null) throw new Fault('notification_unknown');
    return toPauseState(key, tally);
  };
}

const toPauseState = ({ notificationId }: NotificationKey, tally: PauseTally): Static<typeof PAUSE_STATE> => ({
  id: notificationId,
  pausedAt: tally.pausedAt === null ? null : toIso(tally.pausedAt),
  pausedReason: tally.reason,
  waiting: tally.waiting,
  inFlight: tally.inFlight,
  alreadyFinal: tally.alreadyFinal,
});
