import type { FastifyRequest } from 'fastify';
import type { AuditEntry } from '../../model/audit.ts';
import type { Clock } from '../../model/clock.ts';
import { personId } from '../../model/ids.ts';
import { identityKey } from '../../model/person.ts';
import { type Actor, actorOf } from '../auth/gate.ts';

/**
 * Who asks for what an operation changes, for the verb of the store that changes it. The target is what the path names
 * below the bot; an identity goes in as a person's id is made of it, for what is kept for ever holds nobody's address.
 */
export function auditOf(request: FastifyRequest, clock: Pick<Clock, 'now'>): AuditEntry {
  const { botId = null, identity, ...ids } = request.params as Readonly<Record<string, string>>;
  const names = Object.values(ids);
  if (identity !== undefined && botId !== null) names.push(personId(botId, identityKey(identity)));
  const target = names.length === 0 ? null : names.join('/');
  return { ...entryOf(request, actorOf(request), { at: clock.now(), target }), botId };
}

/** What an operation of no bot changes, said by whoever turned out to act. */
export const entryOf = (
  request: FastifyRequest,
  { app, subject }: Actor,
  { at, target }: Pick<AuditEntry, 'at' | 'target'>,
): AuditEntry => ({
  botId: null,
  at,
  appId: app.clientId,
  subject,
  action: request.routeOptions.schema?.operationId ?? request.routeOptions.url ?? '',
  target,
  before: null,
  after: null,
  ip: request.ip,
});
