import { hash } from 'node:crypto';
import type { AuditEntry } from '../model/audit.ts';
import type { Operator } from '../model/operator.ts';
import { appendAudit } from './audit.ts';
import { insertIdentity } from './identities.ts';
import { OPERATOR, operatorOf } from './operator-rows.ts';
import type { Account, AddOperator, ChangeOperator, RedeemLink } from './port/operators.ts';
import { addLink, dropSessionsOf, takeLink } from './sessions.ts';
import { execute, query, type Steps, text, textOrNull } from './steps.ts';

/*
 * Operators are of no one bot, as apps are not. Their changes are in the chain of what is of no bot; of a person it keeps
 * the id and digests of what they may do, for it is kept for ever.
 */

export function* listOperators(): Steps<Operator[]> {
  const rows = yield* query(`SELECT ${OPERATOR} FROM operators ORDER BY email`);
  return rows.map(operatorOf);
}

export function* findOperator({ operatorId }: { readonly operatorId: string }): Steps<Operator | null> {
  const [row] = yield* query(`SELECT ${OPERATOR} FROM operators WHERE id = $1`, operatorId);
  return row === undefined ? null : operatorOf(row);
}

export function* findAccount({ email }: { readonly email: string }): Steps<Account | null> {
  const [row] = yield* query(`SELECT ${OPERATOR}, password FROM operators WHERE email = $1`, email);
  return row === undefined ? null : { operator: operatorOf(row), password: textOrNull(row, 'password') };
}

export function* addOperator({ operator, link, identity, audit }: AddOperator): Steps<boolean> {
  if (!(yield* insertOperator(operator, null))) return false;
  if (identity !== undefined && !(yield* insertIdentity(identity, operator.id))) {
    yield* execute('DELETE FROM operators WHERE id = $1', operator.id);
    return false;
  }
  if (link !== null) yield* addLink({ link });
  if (audit !== undefined) yield* appendAudit([{ ...audit, after: digestOf(operator) }]);
  return true;
}

function* insertOperator(operator: Operator, password: string | null): Steps<boolean> {
  const rows = yield* query(
    `INSERT INTO operators (${OPERATOR}, password) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT DO NOTHING RETURNING id`,
    operator.id,
    operator.email,
    operator.name,
    operator.role,
    JSON.stringify(operator.bots),
    operator.disabledAt,
    operator.createdAt,
    operator.signedInAt,
    password,
  );
  return rows.length === 1;
}

export function* changeOperator(request: ChangeOperator): Steps<'changed' | 'unknown' | 'last_admin'> {
  const { operatorId, changes, audit } = request;
  const admins = yield* lockAdmins();
  const before = yield* findOperator({ operatorId });
  if (before === null) return 'unknown';
  const after = { ...before, ...changes };
  const staysAdmin = after.role === 'admin' && after.disabledAt === null;
  if (!staysAdmin && isLast(admins, operatorId)) return 'last_admin';
  yield* execute(
    'UPDATE operators SET name = $2, role = $3, bots = $4, disabled_at = $5 WHERE id = $1',
    operatorId,
    after.name,
    after.role,
    JSON.stringify(after.bots),
    after.disabledAt,
  );
  if (after.disabledAt !== null) yield* dropSessionsOf(operatorId);
  yield* appendAudit([{ ...audit, before: digestOf(before), after: digestOf(after) }]);
  return 'changed';
}

export function* removeOperator(request: {
  readonly operatorId: string;
  readonly audit: AuditEntry;
}): Steps<'removed' | 'unknown' | 'last_admin'> {
  const { operatorId, audit } = request;
  const admins = yield* lockAdmins();
  const before = yield* findOperator({ operatorId });
  if (before === null) return 'unknown';
  if (isLast(admins, operatorId)) return 'last_admin';
  yield* execute('DELETE FROM operators WHERE id = $1', operatorId);
  yield* execute('DELETE FROM operator_identities WHERE operator_id = $1', operatorId);
  yield* execute('DELETE FROM secret_links WHERE about = $1', operatorId);
  yield* dropSessionsOf(operatorId);
  yield* appendAudit([{ ...audit, before: digestOf(before) }]);
  return 'removed';
}

/** One such change at a time: two admins who take each other's role away would leave none. */
function* lockAdmins(): Steps<string[]> {
  const rows = yield* query("SELECT id FROM operators WHERE role = 'admin' AND disabled_at IS NULL ORDER BY id {lock}");
  return rows.map((row) => text(row, 'id'));
}

const isLast = (admins: readonly string[], operatorId: string): boolean =>
  admins.length === 1 && admins[0] === operatorId;

export function* redeemLink(request: RedeemLink): Steps<Operator | null> {
  const link = yield* takeLink(request);
  if (link?.kind === 'set_up') return yield* makeFirstAdmin(request);
  if (link?.kind === 'invitation') return yield* acceptInvitation(link.about, request);
  return null;
}

function* makeFirstAdmin({ operator, password, audit }: RedeemLink): Steps<Operator | null> {
  const [other] = yield* query('SELECT id FROM operators LIMIT 1');
  if (other !== undefined || !(yield* insertOperator(operator, password))) return null;
  yield* appendAudit([{ ...audit, after: digestOf(operator) }]);
  return operator;
}

/** Whoever had got into the account before is out. */
function* acceptInvitation(operatorId: string, { operator, password, audit }: RedeemLink): Steps<Operator | null> {
  const [row] = yield* query(
    `UPDATE operators SET password = $2, name = CASE WHEN $3 = '' THEN name ELSE $3 END
     WHERE id = $1 AND disabled_at IS NULL RETURNING ${OPERATOR}`,
    operatorId,
    password,
    operator.name,
  );
  if (row === undefined) return null;
  yield* dropSessionsOf(operatorId);
  yield* appendAudit([{ ...audit, appId: operatorId, subject: operatorId, target: operatorId }]);
  return operatorOf(row);
}

const digestOf = ({ role, bots, disabledAt }: Operator): string =>
  hash('sha256', JSON.stringify([role, bots, disabledAt]));
