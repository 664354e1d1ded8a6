import { Callout } from '@radix-ui/themes';
import type { ReactNode } from 'react';
import type { Notification } from '../../../client/notification-documents.ts';
import { formatDay, formatShare, plural } from '../../parts/format.ts';
import { Ago } from '../../parts/time.tsx';

/** Why a notification stands where it stands, when it is not just being sent. */
export function Standing({ notification }: { readonly notification: Notification }) {
  const { state, counts, pausedAt, pausedReason, sendAt, cancelledAt } = notification;
  if (counts.pending === 0) return null;
  const waiting = plural(counts.pending, 'recipient');
  if (state === 'paused' && pausedAt !== null)
    return (
      <Words color="amber">
        <strong>Paused</strong> <Ago at={pausedAt} /> {whyPaused(notification)} {waiting} wait.{' '}
        {pausedReason === 'caller' ? 'Resume it to go on.' : 'Look at the reasons below, then resume it or cancel it.'}
      </Words>
    );
  if (state === 'scheduled' && sendAt !== null)
    return (
      <Words color="violet">
        <strong>Scheduled</strong> for {formatDay(sendAt)} (<Ago at={sendAt} />
        ). Nothing is sent before that.
      </Words>
    );
  if (state === 'receiving')
    return (
      <Words color="violet">
        <strong>Receiving its recipients.</strong> Nobody is sent anything before the upload is sealed.
      </Words>
    );
  if (state === 'collecting')
    return (
      <Words color="violet">
        <strong>Looking up whom it is for.</strong> {waiting} found so far. Nobody is sent anything before all are.
      </Words>
    );
  if (cancelledAt !== null)
    return (
      <Words color="gray">
        <strong>Cancelled</strong> <Ago at={cancelledAt} />. {plural(counts.pending, 'recipient')} were being sent it
        just then; what became of them is not known yet.
      </Words>
    );
  return null;
}

function whyPaused({ pausedReason, counts }: Notification): string {
  const failed = counts.failed + counts.unknown;
  const share = formatShare(failed, failed + counts.delivered);
  if (pausedReason === 'canary') return `by its canary: the first recipients have ended, ${share} of them failed.`;
  if (pausedReason === 'failure_ceiling') return `by its failure ceiling: ${share} failed.`;
  return 'by hand.';
}

function Words({ color, children }: { readonly color: 'amber' | 'violet' | 'gray'; readonly children: ReactNode }) {
  return (
    <Callout.Root className="callout" color={color} size="1" variant="soft">
      <Callout.Text size="2">{children}</Callout.Text>
    </Callout.Root>
  );
}
