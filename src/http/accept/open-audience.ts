import type { FastifyReply, FastifyRequest } from 'fastify';
import { type AudiencePlan, choiceOf } from '../../model/audience.ts';
import type { OpenAudience } from '../../store/port/audiences.ts';
import type { Store } from '../../store/port.ts';
import { callerOf } from '../auth/gate.ts';
import { Fault } from '../faults.ts';
import { type AcceptParts, callersTrace, nameNotification, type SendCall } from './accept.ts';
import type { Addressed } from './asked.ts';
import { readRequestKey, replay } from './idempotency.ts';

export interface OpenAudienceParts extends Pick<AcceptParts, 'clock' | 'backlog'> {
  /** Something is to be gathered. */
  readonly engine: { heedAudiences(): void };
  readonly store: Pick<Store, 'openAudience' | 'findReply'>;
}

/** A call whose recipients come later, or are gathered. */
export interface OpenCall extends Pick<SendCall, 'api' | 'route' | 'body' | 'status'> {
  readonly read: () => Promise<Omit<Addressed, 'recipients'> & Omit<AudiencePlan, 'deduplicate'>>;
  readonly answer: (opened: Omit<OpenAudience, 'idempotency'>) => string;
}

/** What is asked of an audience. */
export function nameAudience(
  request: FastifyRequest,
  api: SendCall['api'],
  gathered: Awaited<ReturnType<OpenCall['read']>>,
  now: number,
): Pick<OpenAudience, 'asked' | 'plan'> {
  const { lane = 'bulk', expiresAt = null, deduplicate = false, parameters, from, exclude, ...rest } = gathered;
  const choice = choiceOf(gathered);
  const said = choice === null ? rest : { ...rest, options: { ...rest.options, choice } };
  return {
    asked: { ...nameNotification(api, said, callerOf(request), now, callersTrace(request)), lane, expiresAt },
    plan: { deduplicate, parameters, ...(from && { from }), ...(exclude && { exclude }) },
  };
}

export const tooManyOpen = (): Fault =>
  new Fault('audiences_open', `${MOST_OPEN} wait for their recipients: seal or cancel some`, { 'retry-after': '60' });

/** Unsealed for so long, what was received is thrown away. */
const OPEN_MS = 24 * 3_600_000;
/** What is open takes up room and is nowhere to be seen. */
export const MOST_OPEN = 100;

/** When this resolves, with what to answer, the notification is durable and waits for its recipients. */
export async function openAudience(
  request: FastifyRequest,
  reply: FastifyReply,
  call: OpenCall,
  { store, clock, backlog, engine }: OpenAudienceParts,
): Promise<string> {
  const caller = callerOf(request);
  const key = readRequestKey(request, call.route, call.body);
  const earlier = key === null ? null : await store.findReply(key);
  if (key !== null && earlier !== null) return replay(reply, earlier, key);

  await backlog.assertRoom(caller.bot.id);
  const now = clock.now();
  const named = nameAudience(request, call.api, await call.read(), now);
  const opened = { ...named, endsAt: now + OPEN_MS, most: MOST_OPEN };
  const { asked } = opened;
  const body = call.answer(opened);
  const result = await store.openAudience({
    ...opened,
    idempotency: key === null ? null : { ...key, status: call.status, body, createdAt: asked.createdAt },
  });
  if (result.kind === 'replay' && key !== null) return replay(reply, result.reply, key);
  if (result.kind === 'too_many') throw tooManyOpen();
  engine.heedAudiences();
  reply.code(call.status).type('application/json; charset=utf-8');
  return body;
}
