import { type Static, Type } from 'typebox';
import type { Canary, PauseWhen } from '../../model/rules.ts';
import { MAX_IDENTITIES } from '../accept/asked.ts';
import { closed, oneOf } from '../contract/fields.ts';
import { wrong } from './wrong.ts';

const SHARE = { minimum: 0, maximum: 1 };

const CANARY = closed({
  first: Type.Optional(
    Type.Integer({ minimum: 1, maximum: MAX_IDENTITIES, description: 'So many; or give share.', examples: [500] }),
  ),
  share: Type.Optional(
    Type.Number({ ...SHARE, description: 'This share of all, rounded up; or give first.', examples: [0.01] }),
  ),
  maxFailureShare: Type.Optional(
    Type.Number({ ...SHARE, default: 0.05, description: 'Where more of them fail, the notification is paused.' }),
  ),
  next: Type.Optional(
    oneOf(['continue', 'pause'], {
      description: 'Where no more fail: the others follow (which is the default), or it waits for a resume.',
    }),
  ),
});

const PAUSE_WHEN = closed({
  failureShare: Type.Number({ ...SHARE, description: 'Above it.', examples: [0.1] }),
  after: Type.Optional(
    Type.Integer({ minimum: 1, default: 100, description: 'Not before so many have been tried to their end.' }),
  ),
});

/** The fields of a send that pause it by themselves. */
export const RULES = {
  canary: Type.Optional({
    ...CANARY,
    description: 'The first go ahead; nobody else is sent anything before it is known how that went.',
  }),
  pauseWhen: Type.Optional({ ...PAUSE_WHEN, description: 'Pauses it when too many fail; once.' }),
};

interface RulesBody {
  readonly canary?: Static<typeof CANARY>;
  readonly pauseWhen?: Static<typeof PAUSE_WHEN>;
}

/** By which rules a body that fits its schema is to be sent; refuses what no schema can say. */
export function readRules(
  { canary, pauseWhen }: RulesBody,
  total: number,
): { readonly canary?: Canary; readonly pauseWhen?: PauseWhen } {
  return {
    ...(canary && { canary: readCanary(canary, total) }),
    ...(pauseWhen && { pauseWhen: { failureShare: pauseWhen.failureShare, after: pauseWhen.after ?? 100 } }),
  };
}

function readCanary(
  { first, share, maxFailureShare = 0.05, next = 'continue' }: Static<typeof CANARY>,
  total: number,
): Canary {
  if ((first === undefined) === (share === undefined)) throw wrong('/canary', 'needs either first or share');
  const recipients = first ?? Math.max(1, Math.ceil((share ?? 0) * total));
  if (recipients < total) return { recipients, maxFailureShare, next };
  throw wrong(
    `/canary/${first === undefined ? 'share' : 'first'}`,
    `must leave somebody of the ${total} recipients out`,
  );
}
