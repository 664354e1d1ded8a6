import type { FastifyRequest } from 'fastify';
import type { AuditEntry } from '../../model/audit.ts';
import type { Clock } from '../../model/clock.ts';
import { personId } from '../../model/ids.ts';
import { identityKey } from '../../model/person.ts';
import { operatorOf } from '../auth/gate.ts';

/**
 * Who asks for what an operation changes, for the verb of the store that changes it. The target is what the path names
 * below the bot; an identity goes in as a person's id is made of it, for what is kept for ever holds nobody's address.
 */
export function auditOf(request: FastifyRequest, clock: Pick<Clock, 'now'>): AuditEntry {
  const { app, subject } = operatorOf(request);
  const { botId = null, identity, ...ids } = request.params as Readonly<Record<string, string>>;
  const names = Object.values(ids);
  if (identity !== undefined && botId !== null) names.push(personId(botId, identityKey(identity)));
  return {
    botId,
    at: clock.now(),
    appId: app.clientId,
    subject,
    action: request.routeOptions.schema?.operationId ?? request.routeOptions.url ?? '',
    target: names.length === 0 ? null : names.join('/'),
    before: null,
    after: null,
    ip: request.ip,
  };
}
