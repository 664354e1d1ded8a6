import { Badge } from '@radix-ui/themes';
import type { NotificationSummary } from '../../client/notification-documents.ts';

const COLORS = {
  receiving: 'gray',
  collecting: 'gray',
  planned: 'gray',
  scheduled: 'violet',
  sending: 'iris',
  paused: 'amber',
  finished: 'gray',
  cancelled: 'gray',
} as const satisfies Readonly<Record<NotificationSummary['state'], string>>;

/** How a notification is, in a word. */
export function NotificationState({ notification }: { readonly notification: NotificationSummary }) {
  const { state, counts } = notification;
  if (state === 'finished' && counts.delivered === counts.total) return <Badge color="jade">delivered</Badge>;
  if (state === 'finished' && counts.delivered === 0) return <Badge color="red">not delivered</Badge>;
  return <Badge color={COLORS[state]}>{state}</Badge>;
}
