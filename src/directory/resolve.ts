import { personId } from '../model/ids.ts';
import type { Address } from '../model/outcome.ts';
import { type About, identityKey } from '../model/person.ts';

export interface AddressBook {
  resolve(request: {
    readonly botId: string;
    readonly connectionId: string;
    readonly identities: readonly string[];
    readonly about?: boolean;
  }): Promise<Map<string, Known>>;
}

interface Known {
  readonly personId: string;
  readonly address: Address | null;
  readonly workedAt: number | null;
  readonly about?: About;
}

export interface ResolveRecipients {
  readonly store: AddressBook;
  readonly botId: string;
  readonly connectionId: string;
  /** The channel's `addressing`. */
  readonly addressing: 'directory' | 'identity';
  /** False: the identities are channel ids already. */
  readonly resolve: boolean;
  /** Also where they live and what they speak; absent: no. */
  readonly about?: boolean;
  readonly recipients: readonly { readonly identity: string }[];
}

export interface ResolvedRecipient {
  /** Of someone the directory does not know: the id they would get there. */
  readonly personId: string;
  /** Null: the directory has no address and the identity is none. */
  readonly address: Address | null;
  /** Of an address of the directory: when it was last known to be good, epoch ms, null: never yet. Null: it is not. */
  readonly stored: { readonly workedAt: number | null } | null;
  /** Of someone the directory knows, if it was asked for. */
  readonly about?: About;
}

/**
 * Where each recipient is reached through one connection, in the order of `recipients` (which may belong to several
 * notifications, so their seqs may repeat). One query for all of them; none when the identities are channel ids.
 */
export async function resolveRecipients(request: ResolveRecipients): Promise<ResolvedRecipient[]> {
  const { botId, recipients } = request;
  const keys = recipients.map((recipient) => identityKey(recipient.identity));
  const known = request.resolve ? await lookUp(keys, request) : null;
  const isAddress = !request.resolve || request.addressing === 'identity';

  return recipients.map(({ identity }, index) => {
    const key = keys[index] ?? '';
    const person = known?.get(key);
    return {
      personId: person?.personId ?? personId(botId, key),
      address: person?.address ?? (isAddress ? { channelId: identity, reference: null } : null),
      stored: person === undefined || person.address === null ? null : { workedAt: person.workedAt },
      ...(person?.about && { about: person.about }),
    };
  });
}

function lookUp(keys: readonly string[], { store, botId, connectionId, about }: ResolveRecipients) {
  return store.resolve({ botId, connectionId, identities: [...new Set(keys)], ...(about && { about }) });
}
