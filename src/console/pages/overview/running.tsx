import { Link } from 'wouter';
import type { NotificationSummary } from '../../../client/notification-documents.ts';
import { useBotPath } from '../../data/bot.tsx';
import { useNotifications } from '../../data/notifications.ts';
import { useProgress } from '../../data/progress.ts';
import { Channel } from '../../parts/channel.tsx';
import { formatCount, formatDuration, formatShare } from '../../parts/format.ts';
import { NotificationState } from '../../parts/notification-state.tsx';
import { OutcomeBar } from '../../parts/outcome-bar.tsx';
import { Sheet } from '../../parts/page.tsx';
import { Empty, Loading, Trouble } from '../../parts/states.tsx';

const SHOWN = 8;
/** A browser keeps few connections to one server; the others are looked at every few seconds. */
const WATCHED = 2;

/** The newest notifications that are not over, as they go on. */
export function Running() {
  const to = useBotPath();
  const list = useNotifications({ channel: null, finished: false });
  const rows = list.data?.pages[0]?.notifications.slice(0, SHOWN) ?? [];
  return (
    <Sheet
      title="Running now"
      padded={false}
      aside={
        <Link className="link" href={to('notifications')}>
          All notifications
        </Link>
      }
    >
      {list.isPending && <Loading />}
      {list.isError && <Trouble error={list.error} retry={list.refetch} />}
      {list.isSuccess && rows.length === 0 && (
        <Empty title="Nothing is being sent">What is sent next shows up here as it happens.</Empty>
      )}
      <ul className="running">
        {rows.map((notification, index) => (
          <Row key={notification.id} notification={notification} isWatched={index < WATCHED} />
        ))}
      </ul>
    </Sheet>
  );
}

function Row({ notification, isWatched }: { readonly notification: NotificationSummary; readonly isWatched: boolean }) {
  const to = useBotPath();
  const isSending = notification.state === 'sending';
  const progress = useProgress(notification.id, isWatched && isSending);
  const { id, channel, template, category } = notification;
  const counts = progress?.counts ?? notification.counts;
  const eta = progress?.etaSeconds ?? null;
  return (
    <li>
      <div className="running-head">
        <Link href={to(`notifications/${id}`)} className="link">
          <Channel id={channel} name={template?.name ?? category} />
          <span className="only-heard"> {id}</span>
        </Link>
        <NotificationState notification={{ ...notification, counts }} />
      </div>
      <OutcomeBar counts={counts} />
      <div className="running-foot number">
        <span>
          {formatShare(counts.total - counts.pending, counts.total)} of {formatCount(counts.total)}
        </span>
        {eta !== null && <span>about {formatDuration(eta)} left</span>}
      </div>
    </li>
  );
}
