import { PlusIcon } from '@radix-ui/react-icons';
import { Button, SegmentedControl } from '@radix-ui/themes';
import { useState } from 'react';
import { Link } from 'wouter';
import type { NotificationSummary } from '../../../client/notification-documents.ts';
import { useBotPath } from '../../data/bot.tsx';
import { isRunning, type ListFilter, useNotifications } from '../../data/notifications.ts';
import { useProgress } from '../../data/progress.ts';
import { useMay } from '../../data/session.tsx';
import { CHANNEL_IDS, Channel, channelName } from '../../parts/channel.tsx';
import { formatCount, formatRate, formatShare } from '../../parts/format.ts';
import { NotificationState } from '../../parts/notification-state.tsx';
import { OutcomeBar } from '../../parts/outcome-bar.tsx';
import { Page, Sheet } from '../../parts/page.tsx';
import { ShowMore } from '../../parts/show-more.tsx';
import { Empty, Loading, Trouble } from '../../parts/states.tsx';
import { Ago } from '../../parts/time.tsx';
import './notifications.css';

const WHICH = { all: null, running: false, over: true } as const;
type Which = keyof typeof WHICH;

export default function Notifications() {
  const to = useBotPath();
  const maySend = useMay('sender');
  const [which, setWhich] = useState<Which>('all');
  const [channel, setChannel] = useState<string | null>(null);
  return (
    <Page
      title="Notifications"
      actions={
        maySend && (
          <Button asChild className="only-phone">
            <Link href={to('compose')}>
              <PlusIcon /> New notification
            </Link>
          </Button>
        )
      }
    >
      <div className="filters">
        <SegmentedControl.Root value={which} onValueChange={(value) => setWhich(value as Which)} aria-label="Which">
          <SegmentedControl.Item value="all">All</SegmentedControl.Item>
          <SegmentedControl.Item value="running">Running</SegmentedControl.Item>
          <SegmentedControl.Item value="over">Ended</SegmentedControl.Item>
        </SegmentedControl.Root>
        <select
          className="select"
          aria-label="Channel"
          value={channel ?? ''}
          onChange={(event) => setChannel(event.target.value || null)}
        >
          <option value="">All channels</option>
          {CHANNEL_IDS.map((id) => (
            <option key={id} value={id}>
              {channelName(id)}
            </option>
          ))}
        </select>
      </div>
      <Sheet padded={false}>
        <List filter={{ channel, finished: WHICH[which] }} />
      </Sheet>
    </Page>
  );
}

/** So many of the newest that run are watched as it happens; the others are looked at every few seconds. */
const WATCHED = 2;

function List({ filter }: { readonly filter: ListFilter }) {
  const list = useNotifications(filter);
  if (list.isPending) return <Loading lines={6} />;
  if (list.isError) return <Trouble error={list.error} retry={list.refetch} />;
  const rows = list.data.pages.flatMap((page) => page.notifications);
  if (rows.length === 0) return <NothingYet filter={filter} />;
  const watched = new Set(rows.filter(isRunning).slice(0, WATCHED));
  return (
    <>
      <div className="scroll-x">
        <table className="table notifications">
          <thead>
            <tr>
              <th scope="col">Notification</th>
              <th scope="col">State</th>
              <th scope="col" className="only-wide">
                Priority
              </th>
              <th scope="col" className="end only-wide">
                Recipients
              </th>
              <th scope="col" className="outcome">
                Outcome
              </th>
              <th scope="col" className="end only-wide">
                Accepted
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.id} notification={row} isWatched={watched.has(row)} />
            ))}
          </tbody>
        </table>
      </div>
      <ShowMore list={list} label="Show older ones" />
    </>
  );
}

function Row({ notification, isWatched }: { readonly notification: NotificationSummary; readonly isWatched: boolean }) {
  const to = useBotPath();
  const progress = useProgress(notification.id, isWatched);
  const counts = isWatched && progress !== null ? progress.counts : notification.counts;
  const { id, channel, template, category, priority, createdAt } = notification;
  return (
    <tr className="goes">
      <td>
        <Link href={to(`notifications/${id}`)} className="whole">
          <Channel id={channel} name={template?.name ?? category} />
          <span className="only-heard"> {id}</span>
        </Link>
        <div className="mono quiet clip notification-id">{id}</div>
      </td>
      <td>
        <NotificationState notification={{ ...notification, counts }} />
      </td>
      <td className="only-wide quiet">{priority}</td>
      <td className="end number only-wide">{formatCount(counts.total)}</td>
      <td className="outcome">
        <OutcomeBar counts={counts} />
        <div className="outcome-words number">
          {formatShare(counts.delivered, counts.total)} delivered
          {isRunning({ counts }) && progress?.perSecond ? ` · ${formatRate(progress.perSecond)}/s` : ''}
        </div>
      </td>
      <td className="end only-wide quiet">
        <Ago at={createdAt} />
      </td>
    </tr>
  );
}

function NothingYet({ filter }: { readonly filter: ListFilter }) {
  const to = useBotPath();
  if (filter.channel !== null || filter.finished !== null)
    return <Empty title="None fits these filters">Choose all channels and all states to see every notification.</Empty>;
  return (
    <Empty
      title="Nothing has been sent yet"
      action={
        <Button asChild variant="soft">
          <Link href={to('compose')}>Write a notification</Link>
        </Button>
      }
    >
      What programs send over the API shows up here as well.
    </Empty>
  );
}
