import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../../model/clock.ts';
import type { Tenancy } from '../../../model/tenancy.ts';
import type { Audience } from '../../../store/port/audiences.ts';
import type { Store } from '../../../store/port.ts';
import type { BoundedBacklog } from '../../accept/bounded-backlog.ts';
import { callerOf } from '../../auth/gate.ts';
import { auditOf } from '../../contract/audit-of.ts';
import { Fault } from '../../faults.ts';
import { requireSealed, showSealed } from '../audience/seal.ts';
import { toIso } from '../notification-documents.ts';
import type { SendBody } from '../send-body.ts';
import { keyOfPlan } from './open-plan.ts';

export interface LaunchParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly tenancy: Tenancy;
  readonly backlog: Pick<BoundedBacklog, 'assertRoom'>;
  readonly engine: { heedCallers(): void };
}

/** Sends what a preflight, or an upload, has gathered. Asked twice it says the same. */
export async function launchPlan(
  request: FastifyRequest<{ Body: SendBody }>,
  reply: FastifyReply,
  { store, clock, tenancy, backlog, engine }: LaunchParts,
): Promise<object> {
  const botId = callerOf(request).bot.id;
  const key = keyOfPlan(botId, request.body);
  const audience = await store.findAudience(key);
  if (audience !== null) {
    if (audience.state === 'empty') throw new Fault('audience_empty');
    requireInForce(audience, { tenancy, now: clock.now() });
    await backlog.assertRoom(botId);
    const at = clock.now();
    const audit = { ...auditOf(request, clock), target: key.notificationId };
    const { kind } = await store.sealAudience({ ...key, expected: null, at, isCancelled: false, audit });
    if (kind === 'empty') throw new Fault('audience_empty', 'nobody was uploaded');
    if (kind === 'absent') await requireSealed(store, key);
    if (kind === 'sealed') engine.heedCallers();
  } else if ((await store.findNotification(key)) === null) throw new Fault('plan_unknown');
  reply.code(202);
  return showSealed({ store, clock }, key, null);
}

/** What was pinned is used, whatever has become of it since; what is gone cannot be. */
function requireInForce(
  { asked }: Audience,
  { tenancy, now }: { readonly tenancy: Tenancy; readonly now: number },
): void {
  const places = [asked, ...(asked.options?.fallBacks ?? [])];
  const gone = places.find(({ connectionId }) => tenancy.connectionById(connectionId)?.botId !== asked.botId);
  if (gone !== undefined) {
    const detail = `its ${gone.channel} connection ${gone.connectionId} is gone: make another plan`;
    throw new Fault('plan_outdated', detail);
  }
  const { expiresAt } = asked;
  if (expiresAt === null || expiresAt > now) return;
  throw new Fault('plan_outdated', `its expiresAt, ${toIso(expiresAt)}, is over: make another plan`);
}
