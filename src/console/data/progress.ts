import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { Notification, ProgressDocument } from '../../client/notification-documents.ts';
import { useBotId } from './bot.tsx';
import { useClient } from './client.tsx';

/**
 * How far a notification is, as it happens; null: not told yet. A browser keeps but six connections to a server, over
 * all its tabs, so a page that nobody sees lets go of its stream and takes it up again where it was.
 */
export function useProgress(notificationId: string, isWatched: boolean): ProgressDocument | null {
  const client = useClient();
  const queries = useQueryClient();
  const botId = useBotId();
  const [progress, setProgress] = useState<ProgressDocument | null>(null);
  const isVisible = useIsVisible();
  useEffect(() => {
    if (!isWatched || !isVisible) return;
    const key = ['bots', botId, 'notification', notificationId];
    const ended = new AbortController();
    const watch = async () => {
      for await (const { event, progress } of client.events({ botId, notificationId, signal: ended.signal })) {
        setProgress(progress);
        const known = queries.getQueryData<Notification>(key);
        queries.setQueryData<Notification>(key, known && { ...known, ...progress });
        if (event === 'end' || (known && standsOtherwise(known, progress)))
          await queries.invalidateQueries({ queryKey: key });
      }
    };
    // The page itself tells of a server that does not answer; the stream only makes it livelier.
    watch().catch(() => {});
    return () => ended.abort();
  }, [client, queries, botId, notificationId, isWatched, isVisible]);
  return progress;
}

/** Events tell how far it is, and not in which state: one that pauses itself, or begins, is looked up anew. */
const standsOtherwise = (known: Notification, told: ProgressDocument): boolean =>
  known.pausedAt !== told.pausedAt ||
  known.cancelledAt !== told.cancelledAt ||
  (known.state === 'scheduled' && known.counts.pending !== told.counts.pending);

function useIsVisible(): boolean {
  const [isVisible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const tell = () => setVisible(!document.hidden);
    document.addEventListener('visibilitychange', tell);
    return () => document.removeEventListener('visibilitychange', tell);
  }, []);
  return isVisible;
}
