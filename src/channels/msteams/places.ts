import type { Address } from '../../model/outcome.ts';
import { isGuid } from './guid.ts';
import type { ServiceUrls } from './service-urls.ts';

/** Where a message goes. */
export interface Place {
  readonly serviceUrl: string;
  /** Null: it has yet to be made, with `memberId`. */
  readonly conversationId: string | null;
  /** Null: the address is a conversation and nobody's id, so it cannot be made anew. */
  readonly memberId: string | null;
  /** By which Graph knows the person; null when the address does not tell. */
  readonly aadObjectId: string | null;
  readonly tenantId: string;
  /** Found out during this send, so to be learnt if the message is taken. */
  readonly isNew: boolean;
}

export function placeOf(address: Address, tenantId: string, serviceUrls: ServiceUrls): Place {
  const { channelId, reference } = address;
  const named = reference?.['aadObjectId'] ?? (isGuid(channelId) ? channelId : null);
  return {
    serviceUrl: serviceUrls.choose(reference?.['serviceUrl']),
    conversationId: conversationOf(address),
    memberId: isConversation(channelId) ? named : channelId.startsWith('29:') ? channelId : (named ?? channelId),
    // It becomes part of a URL, and references can be imported.
    aadObjectId: named !== null && isGuid(named) ? named : null,
    tenantId: reference?.['tenantId'] ?? tenantId,
    isNew: false,
  };
}

/** The id of the conversation an address is, or leads to; null when none is known. */
export function conversationOf({ channelId, reference }: Address): string | null {
  return isConversation(channelId) ? channelId : (reference?.['conversationId'] ?? null);
}

const isConversation = (channelId: string): boolean => /^(?:a:|19:)/.test(channelId);

/**
 * The id stays what the directory knows the person by, and the conversation goes into the reference, unless the id was
 * itself the conversation that another one has replaced.
 */
export function learn({ channelId, reference }: Address, { serviceUrl }: Place, conversationId: string): Address {
  const id = isConversation(channelId) ? conversationId : channelId;
  return { channelId: id, reference: { ...reference, conversationId, serviceUrl } };
}
