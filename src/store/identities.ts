import type { AuditEntry } from '../model/audit.ts';
import type { Identity } from '../model/oidc.ts';
import type { Operator } from '../model/operator.ts';
import { appendAudit } from './audit.ts';
import { operatorOf } from './operator-rows.ts';
import type { LinkIdentity, WaysIn } from './port/operators.ts';
import { int, query, type Steps, text } from './steps.ts';

/*
 * Who operators are to providers of identities. `provider` is the issuer, and no name of ours for it: what the configuration
 * calls a provider may be pointed at another.
 */

export function* findByIdentity({ issuer, subject }: Identity): Steps<Operator | null> {
  const [row] = yield* query(
    `SELECT o.id, o.email, o.name, o.role, o.bots, o.disabled_at, o.created_at, o.signed_in_at
     FROM operator_identities i JOIN operators o ON o.id = i.operator_id WHERE i.provider = $1 AND i.subject = $2`,
    issuer,
    subject,
  );
  return row === undefined ? null : operatorOf(row);
}

export function* linkIdentity({ identity, operatorId, asFirst, audit }: LinkIdentity): Steps<boolean> {
  // Of two who come at once as the first, one is.
  const [operator] = yield* query('SELECT id FROM operators WHERE id = $1 {lock}', operatorId);
  if (operator === undefined) return false;
  const [other] = yield* query('SELECT subject FROM operator_identities WHERE operator_id = $1 LIMIT 1', operatorId);
  if ((asFirst && other !== undefined) || !(yield* insertIdentity(identity, operatorId))) return false;
  yield* appendAudit([audit]);
  return true;
}

/** False: it is somebody's already. */
export function* insertIdentity({ issuer, subject }: Identity, operatorId: string): Steps<boolean> {
  const rows = yield* query(
    `INSERT INTO operator_identities (provider, subject, operator_id) VALUES ($1, $2, $3)
     ON CONFLICT DO NOTHING RETURNING subject`,
    issuer,
    subject,
    operatorId,
  );
  return rows.length === 1;
}

export function* unlinkIdentities(request: { readonly operatorId: string; readonly audit: AuditEntry }): Steps<number> {
  const { operatorId, audit } = request;
  const rows = yield* query('DELETE FROM operator_identities WHERE operator_id = $1 RETURNING subject', operatorId);
  yield* appendAudit([audit]);
  return rows.length;
}

export function* listWaysIn(): Steps<WaysIn[]> {
  const operators = yield* query(
    'SELECT id, CASE WHEN password IS NULL THEN 0 ELSE 1 END AS has_password FROM operators ORDER BY id',
  );
  const identities = yield* query('SELECT DISTINCT operator_id, provider FROM operator_identities ORDER BY provider');
  const byOperator = Map.groupBy(identities, (row) => text(row, 'operator_id'));
  return operators.map((row) => ({
    operatorId: text(row, 'id'),
    hasPassword: int(row, 'has_password') === 1,
    issuers: (byOperator.get(text(row, 'id')) ?? []).map((identity) => text(identity, 'provider')),
  }));
}
