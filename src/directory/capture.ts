import type { Logger } from '../model/logger.ts';
import type { News, ReceiptNews, SeenNews } from '../model/news.ts';
import type { Connection } from '../model/tenancy.ts';
import type { LearnedAddress, SilenceRequest } from '../store/port/directory.ts';
import type { Store } from '../store/port.ts';

export interface CaptureParts {
  readonly store: Pick<
    Store,
    'recordReceipts' | 'saveAddresses' | 'dropAddresses' | 'silence' | 'decline' | 'takeBackDecline'
  >;
  readonly logger: Logger;
}

/**
 * Keeps what a connection's provider told us. When it resolves, all of it is durable; when it rejects, the provider
 * must be made to tell it again, which is harmless: no news counts twice.
 */
export async function capture(
  { store, logger }: CaptureParts,
  connection: Connection,
  news: readonly News[],
): Promise<void> {
  const { id: connectionId, botId, channel } = connection;
  const receipts = ofKind(news, 'receipt').map(toReceipt);
  if (receipts.length > 0) await store.recordReceipts({ botId, connectionId, receipts });

  // People who left and came back within one delivery: what was learnt after they left stays, by its time.
  const left = ofKind(news, 'left');
  for (const { identities, at } of left) await store.dropAddresses({ botId, connectionId, identities, until: at });
  const seen = ofKind(news, 'seen').map((entry) => toLearned(entry, connection));
  if (seen.length > 0) await store.saveAddresses({ addresses: seen });

  const words = news.flatMap(toEntry);
  if (words.length > 0) await store.silence({ botId, connectionId, entries: words });

  for (const word of news) {
    if (word.kind !== 'declined' && word.kind !== 'wanted') continue;
    const { kind, ...said } = word;
    if (kind === 'declined') await store.decline({ botId, channel, ...said });
    else await store.takeBackDecline({ botId, channel, ...said });
  }

  for (const { detail } of ofKind(news, 'disconnected')) {
    logger.error('connection disconnected by its provider', { botId, connectionId, channel, detail });
  }
}

function ofKind<Kind extends News['kind']>(news: readonly News[], kind: Kind): Extract<News, { kind: Kind }>[] {
  return news.filter((entry): entry is Extract<News, { kind: Kind }> => entry.kind === kind);
}

const toReceipt = ({ notificationId, seq, state, at, reason, detail }: ReceiptNews) => ({
  notificationId,
  seq,
  state,
  at,
  reason,
  detail,
});

function toLearned({ identities, address, at }: SeenNews, connection: Connection): LearnedAddress {
  const [identity, ...alsoKnownAs] = identities;
  const { id: connectionId, botId, channel, name: connectionName } = connection;
  return { botId, connectionId, channel, connectionName, identity, alsoKnownAs, address, source: 'inbound', at };
}

/** Those stay in the order in which they came: where a provider tells no time, nothing else tells which is the last. */
function toEntry(word: News): SilenceRequest['entries'] {
  if (word.kind !== 'silenced' && word.kind !== 'welcome') return [];
  const { kind, ...said } = word;
  return [{ reason: null, detail: null, ...said }];
}
