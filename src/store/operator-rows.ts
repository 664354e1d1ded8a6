import type { Operator, Role } from '../model/operator.ts';
import { int, intOrNull, type Row, text } from './steps.ts';

export const OPERATOR = 'id, email, name, role, bots, disabled_at, created_at, signed_in_at';

/** Of a row that has the columns of `OPERATOR`. */
export const operatorOf = (row: Row): Operator => ({
  id: text(row, 'id'),
  email: text(row, 'email'),
  name: text(row, 'name'),
  role: text(row, 'role') as Role,
  bots: JSON.parse(text(row, 'bots')),
  disabledAt: intOrNull(row, 'disabled_at'),
  createdAt: int(row, 'created_at'),
  signedInAt: intOrNull(row, 'signed_in_at'),
});
