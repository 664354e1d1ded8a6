import type { Notification } from '../../../client/notification-documents.ts';
import { failuresOf, triedOf } from '../../../model/rules.ts';
import { formatCount, formatShare, plural } from '../../parts/format.ts';
import { Sheet } from '../../parts/page.tsx';

/** By which rules it stops by itself, and how near it is to that; nothing where nobody asked for one. */
export function Safeguards({ notification }: { readonly notification: Notification }) {
  const { canary, pauseWhen } = notification;
  if (canary === null && pauseWhen === null) return null;
  return (
    <Sheet title="Stops by itself">
      <dl className="facts">
        {canary !== null && (
          <>
            <dt>Canary</dt>
            <dd>
              {plural(canary.recipients, 'recipient')} go ahead. If more than {percent(canary.maxFailureShare)} of them
              fail, it is paused; if not, {canary.next === 'continue' ? 'the others follow' : 'the others wait for you'}
              .<p className="quiet number">{canaryNow(notification, canary.recipients)}</p>
            </dd>
          </>
        )}
        {pauseWhen !== null && (
          <>
            <dt>Ceiling</dt>
            <dd>
              It is paused when more than {percent(pauseWhen.failureShare)} have failed, of{' '}
              {formatCount(pauseWhen.after)} or more.
              <p className="quiet number">{ceilingNow(notification, pauseWhen.after)}</p>
            </dd>
          </>
        )}
      </dl>
    </Sheet>
  );
}

function canaryNow({ counts, pausedReason }: Notification, ahead: number): string {
  const [tried, failed] = [triedOf(counts), failuresOf(counts)];
  if (pausedReason === 'canary') return `It has paused it: ${formatCount(failed)} of ${formatCount(tried)} failed.`;
  if (tried < ahead && counts.pending > 0)
    return `So far ${formatCount(tried)} of the ${formatCount(ahead)}, ${formatCount(failed)} failed.`;
  return 'Those ahead have come to their end.';
}

function ceilingNow({ counts, pausedReason }: Notification, after: number): string {
  const [tried, failed] = [triedOf(counts), failuresOf(counts)];
  const share = `${formatCount(failed)} of ${formatCount(tried)} failed, ${formatShare(failed, tried)}`;
  if (pausedReason === 'failure_ceiling') return `It has paused it: ${share}.`;
  if (tried < after) return `So far ${formatCount(tried)} of the ${formatCount(after)}, ${formatCount(failed)} failed.`;
  return `So far ${share}.`;
}

const percent = (share: number): string => `${formatCount(share * 100)} %`;
