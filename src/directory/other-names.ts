import type { Address } from '../model/outcome.ts';
import { identityKey, type Person } from '../model/person.ts';
import type { ResolvedRecipient } from './resolve.ts';

/** The channel's. */
type IdentityKey = 'email' | 'spaceId' | 'phoneNumber';

export interface OtherNames {
  readonly store: {
    findPeople(request: { readonly botId: string; readonly personIds: readonly string[] }): Promise<Person[]>;
  };
  readonly botId: string;
  /** What the channel goes by. */
  readonly identityKey: IdentityKey;
  readonly recipients: readonly { readonly identity: string }[];
  /** In their order. */
  readonly answers: readonly ResolvedRecipient[];
}

/**
 * Whoever was named for another channel is reached over one that goes by phone numbers or e-mail addresses by what the
 * directory has of the person. One query, for those whose name is none that the channel takes.
 */
export async function useOtherNames(request: OtherNames): Promise<readonly ResolvedRecipient[]> {
  const { store, botId, recipients, answers } = request;
  const isMisnamed = ({ stored }: ResolvedRecipient, index: number): boolean =>
    stored === null && !fits(request.identityKey, recipients[index]?.identity ?? '');
  const personIds = [...new Set(answers.filter(isMisnamed).map(({ personId }) => personId))];
  if (personIds.length === 0) return answers;
  const people = new Map((await store.findPeople({ botId, personIds })).map((person) => [person.id, person]));
  return answers.map((answer, index) => {
    if (!isMisnamed(answer, index)) return answer;
    const person = people.get(answer.personId);
    if (request.identityKey === 'phoneNumber') return { ...answer, address: addressOf(person?.phone) };
    // What goes by e-mail addresses may know people by other names too: a webhook does.
    return { ...answer, address: addressOf(person?.email) ?? answer.address };
  });
}

const addressOf = (name: string | null | undefined): Address | null =>
  name === undefined || name === null ? null : { channelId: name, reference: null };

function fits(key: IdentityKey, identity: string): boolean {
  // In its normal form a phone number is digits, and nothing else.
  if (key === 'phoneNumber') return /^[0-9]{5,}$/.test(identityKey(identity));
  return key === 'spaceId' || identity.includes('@');
}
