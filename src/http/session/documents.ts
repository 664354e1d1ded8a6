import { type Static, Type } from 'typebox';
import { type Operator, ROLES } from '../../model/operator.ts';
import type { Tenancy } from '../../model/tenancy.ts';
import { closed, oneOf } from '../contract/fields.ts';
import { MAX_PASSWORD_CHARS } from './passwords.ts';

export const EMAIL = Type.String({
  maxLength: 320,
  pattern: '^\\s*[^@\\s]+@[^@\\s]+\\s*$',
  description: 'an e-mail address',
});
export const OPERATOR_NAME = Type.String({ minLength: 1, maxLength: 200 });
export const ROLE = oneOf(ROLES, {
  description: 'viewer: looks; sender: sends and keeps people as well; admin: everything, for every bot.',
});
const PASSWORD = Type.String({ minLength: 1, maxLength: MAX_PASSWORD_CHARS });
const LINK_TOKEN = Type.String({ minLength: 1, maxLength: 100, description: 'What stands behind the # of the link.' });

export const SIGN_IN_BODY = closed({ email: EMAIL, password: PASSWORD });
export const LINK_BODY = closed({ token: LINK_TOKEN });
export const SET_UP_BODY = closed({
  token: LINK_TOKEN,
  name: Type.Optional(OPERATOR_NAME),
  email: Type.Optional(EMAIL),
  password: PASSWORD,
});

export const BOTS = Type.Array(Type.Object({ id: Type.String(), name: Type.String() }));

export const SIGNED_IN = Type.Object({
  operator: Type.Object({
    id: Type.String({ description: 'op-…' }),
    name: Type.String(),
    email: Type.String(),
    role: ROLE,
    bots: { ...BOTS, description: 'Those that are there and may be used.' },
  }),
});

export const SIGN_IN_OPTIONS = Type.Object({
  needsSetup: Type.Boolean({
    description: 'There is no operator yet: the first is made with the link that the server printed.',
  }),
  oidc: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), href: Type.String() }), {
    description: 'Other ways to sign in.',
  }),
});

export const toSignedIn = ({ id, name, email, role, bots }: Operator, tenancy: Tenancy): Static<typeof SIGNED_IN> => ({
  operator: { id, name, email, role, bots: botsOf({ isAdmin: role === 'admin', bots }, tenancy) },
});

/** Of an app or an operator, those that are there. */
export const botsOf = (
  { isAdmin, bots }: { readonly isAdmin: boolean; readonly bots: readonly string[] },
  tenancy: Tenancy,
): Static<typeof BOTS> => {
  const own = tenancy.bots().filter(({ id }) => isAdmin || bots.includes(id));
  return own.map(({ id, name }) => ({ id, name }));
};
