import type { Notification, ProgressDocument } from '../../../client/notification-documents.ts';
import { isRunning } from '../../data/notifications.ts';
import { formatCount, formatDuration, formatRate, formatShare, plural } from '../../parts/format.ts';
import { OutcomeBar, OutcomeLegend } from '../../parts/outcome-bar.tsx';
import { Sheet } from '../../parts/page.tsx';

interface ProgressProps {
  readonly notification: Notification;
  readonly progress: ProgressDocument | null;
}

/** How far it is, what became of everybody so far, and when it will be over. */
export function Progress({ notification, progress }: ProgressProps) {
  const { counts, receipts } = notification;
  const ended = counts.total - counts.pending;
  const told = receipts.delivered + receipts.read + receipts.failed + receipts.sent;
  return (
    <Sheet>
      <div className="progress-top">
        <p className="progress-share number">
          {formatShare(ended, counts.total)} <small>done</small>
        </p>
        <p className="progress-when number" aria-live="off">
          {whenOver(notification, progress)}
        </p>
      </div>
      <OutcomeBar counts={counts} size="large" />
      <div className="progress-legend">
        <OutcomeLegend counts={counts} />
      </div>
      {told > 0 && (
        <p className="progress-receipts number">
          Providers have told since: {formatCount(receipts.delivered + receipts.read)} arrived,{' '}
          {formatCount(receipts.read)} of them read, {formatCount(receipts.failed)} did not arrive.
        </p>
      )}
    </Sheet>
  );
}

function whenOver(notification: Notification, progress: ProgressDocument | null): string {
  const { createdAt, sendAt, finishedAt, counts, state } = notification;
  if (state === 'cancelled' && !isRunning(notification)) return 'Cancelled';
  if (finishedAt !== null) {
    const from = Math.max(Date.parse(createdAt), sendAt === null ? 0 : Date.parse(sendAt));
    return `${plural(counts.total, 'recipient')} in ${formatDuration((Date.parse(finishedAt) - from) / 1000)}`;
  }
  if (!isRunning(notification) || progress === null || progress.perSecond === null) return '';
  const rate = `${formatRate(progress.perSecond)} a second`;
  return progress.etaSeconds === null ? rate : `${rate} · about ${formatDuration(progress.etaSeconds)} left`;
}
