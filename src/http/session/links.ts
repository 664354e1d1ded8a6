import type { Clock } from '../../model/clock.ts';
import { randomId } from '../../model/ids.ts';
import type { Operator } from '../../model/operator.ts';
import { hashToken, makeToken } from '../../model/secret-token.ts';
import type { SecretLink } from '../../store/port/operators.ts';
import type { Store } from '../../store/port.ts';

const DAY_MS = 24 * 60 * 60_000;
/** The page a link leads to, and how long it is good. */
const KINDS = {
  set_up: { page: 'setup', lifeMs: DAY_MS },
  invitation: { page: 'invitation', lifeMs: 7 * DAY_MS },
  sign_in: { page: 'sign-in', lifeMs: DAY_MS },
} as const satisfies Partial<Record<SecretLink['kind'], object>>;

export interface LinkParts {
  readonly store: Pick<Store, 'listOperators' | 'findAccount' | 'addOperator' | 'addLink'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Where people reach the console. */
  readonly base: string;
}

/** A link and what is kept of it. The token stands behind the #, which browsers keep to themselves. */
export function newLink(kind: keyof typeof KINDS, about: string, { clock, base }: Omit<LinkParts, 'store'>) {
  const token = makeToken();
  const link: SecretLink = { hash: hashToken(token), kind, about, expiresAt: clock.now() + KINDS[kind].lifeMs };
  return { link, url: `${base.replace(/\/+$/, '')}/${KINDS[kind].page}#${token}` };
}

/** Null: there are operators already, and they invite others. */
export async function makeSetUpLink(parts: LinkParts): Promise<string | null> {
  if ((await parts.store.listOperators()).length > 0) return null;
  const { link, url } = newLink('set_up', '', parts);
  await parts.store.addLink({ link });
  return url;
}

/** Of an admin, who is made if nobody has the e-mail. */
export async function makeSignInLink(
  who: { readonly name: string; readonly email: string },
  parts: LinkParts,
): Promise<string> {
  const known = await parts.store.findAccount({ email: who.email });
  const operator = known?.operator ?? newOperator({ ...who, role: 'admin', bots: [] }, parts.clock);
  const { link, url } = newLink('sign_in', operator.id, parts);
  if (known === null) await parts.store.addOperator({ operator, link });
  else await parts.store.addLink({ link });
  return url;
}

export function newOperator(
  who: Pick<Operator, 'name' | 'email' | 'role' | 'bots'>,
  clock: Pick<Clock, 'now'>,
): Operator {
  return { ...who, id: randomId('op'), disabledAt: null, createdAt: clock.now(), signedInAt: null };
}
