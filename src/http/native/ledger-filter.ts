import { type Static, Type } from 'typebox';
import { FINAL_STATES } from '../../model/notification.ts';
import { REASONS, type Reason } from '../../model/reasons.ts';
import type { LedgerFilter } from '../../store/port/notifications.ts';
import { closed } from '../contract/fields.ts';
import { Fault } from '../faults.ts';

const REASON_CODES = Object.keys(REASONS) as Reason[];

/** In the query of whoever lists recipients; what is absent excludes nobody. */
export const FILTER = {
  state: Type.Optional(
    Type.String({
      description: `One or more of ${FINAL_STATES.join(', ')}, separated by commas.`,
      examples: ['failed,unknown'],
    }),
  ),
  reason: Type.Optional(
    Type.String({
      description: 'One or more codes of the catalogue of reasons, separated by commas.',
      examples: ['opted_out'],
    }),
  ),
  q: Type.Optional(
    Type.String({ description: 'What the identity begins with; letters from A to Z are compared as small ones.' }),
  ),
  identity: Type.Optional(Type.String({ description: 'The whole identity, compared in the same way.' })),
};

const FILTER_QUERY = closed(FILTER);

export function readFilter({ state, reason, q, identity }: Static<typeof FILTER_QUERY>): LedgerFilter {
  return {
    states: readWords(state, 'state', FINAL_STATES),
    reasons: readWords(reason, 'reason', REASON_CODES),
    prefix: readIdentity(q, 'q'),
    identity: readIdentity(identity, 'identity'),
  };
}

function readWords<Word extends string>(
  given: string | undefined,
  key: string,
  known: readonly Word[],
): readonly Word[] | null {
  if (given === undefined) return null;
  const words = given.split(',', known.length + 1).map((word) => known.find((candidate) => candidate === word));
  if (words.length > known.length || words.includes(undefined)) {
    const pending = key === 'state' ? '; who is pending is counted in the notification, not listed' : '';
    throw new Fault('body_invalid', `${key} is one or more of ${known.join(', ')}, separated by commas${pending}`);
  }
  return words.filter((word) => word !== undefined);
}

/** No identity is longer. */
const MAX_IDENTITY = 1_000;

function readIdentity(given: string | undefined, key: string): string | null {
  if (given === undefined) return null;
  const isOne = given !== '' && given.length <= MAX_IDENTITY && given.isWellFormed();
  if (!isOne) throw new Fault('body_invalid', `${key} has 1 to ${MAX_IDENTITY} characters`);
  return given;
}
