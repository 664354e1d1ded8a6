import { useState } from 'react';
import { Link, useParams } from 'wouter';
import type { Notification as NotificationDocument } from '../../../client/notification-documents.ts';
import type { RecipientFilter } from '../../../client/recipient-documents.ts';
import { useBotPath } from '../../data/bot.tsx';
import { isRunning, useNotification } from '../../data/notifications.ts';
import { useProgress } from '../../data/progress.ts';
import { Channel, channelName } from '../../parts/channel.tsx';
import { CopyId } from '../../parts/copy.tsx';
import { NotificationState } from '../../parts/notification-state.tsx';
import { Page } from '../../parts/page.tsx';
import { Loading, Trouble } from '../../parts/states.tsx';
import { Ago } from '../../parts/time.tsx';
import { Actions } from './actions.tsx';
import { Callbacks } from './callbacks.tsx';
import { Facts } from './facts.tsx';
import { Progress } from './progress.tsx';
import { Reasons } from './reasons.tsx';
import { Recipients } from './recipients.tsx';
import { Safeguards } from './safeguards.tsx';
import { Standing } from './standing.tsx';
import { TimelinePlots } from './timeline.tsx';
import './notification.css';

export default function NotificationPage() {
  const { notificationId = '' } = useParams();
  const found = useNotification(notificationId);
  if (found.isPending) return <Loading lines={6} />;
  if (found.isError) return <Trouble error={found.error} retry={found.refetch} />;
  return <Found notification={found.data} />;
}

function Found({ notification }: { readonly notification: NotificationDocument }) {
  const to = useBotPath();
  const progress = useProgress(notification.id, isRunning(notification));
  const [filter, setFilter] = useState<RecipientFilter>({});
  const { id, channel, template, category, createdAt, priority } = notification;
  return (
    <Page
      title={template?.name ?? category ?? channelName(channel)}
      above={
        <Link href={to('notifications')} className="link">
          Notifications
        </Link>
      }
      description={
        <span className="notification-line">
          <NotificationState notification={notification} />
          <Channel id={channel} />
          <span>{priority}</span>
          <span>
            accepted <Ago at={createdAt} />
          </span>
          <CopyId id={id} />
        </span>
      }
      actions={<Actions notification={notification} />}
    >
      <Standing notification={notification} />
      <Progress notification={notification} progress={progress} />
      <TimelinePlots notification={notification} />
      <div className="split">
        <div className="stack">
          <Recipients notification={notification} filter={filter} onFilter={setFilter} />
        </div>
        <div className="stack">
          <Reasons notification={notification} filter={filter} onFilter={setFilter} />
          <Safeguards notification={notification} />
          <Facts notification={notification} />
          <Callbacks notificationId={id} version={notification.updatedAt} />
        </div>
      </div>
    </Page>
  );
}
