import { Type } from 'typebox';

/** The header of whatever would do harm if it were done twice. */
export const IDEMPOTENCY_KEY = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({ pattern: '^[\\x21-\\x7e]{1,255}$', description: '1 to 255 visible ASCII characters.' }),
  ),
});
