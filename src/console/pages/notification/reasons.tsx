import type { Notification } from '../../../client/notification-documents.ts';
import type { RecipientFilter } from '../../../client/recipient-documents.ts';
import { explainReason } from '../../../model/reasons.ts';
import { formatCount } from '../../parts/format.ts';
import { Sheet } from '../../parts/page.tsx';
import { meaningOf } from '../../parts/reason.ts';

interface ReasonsProps {
  readonly notification: Notification;
  readonly filter: RecipientFilter;
  readonly onFilter: (filter: RecipientFilter) => void;
}

/** Why those who were not reached were not, the most frequent first, and what mends it. Choosing one shows whom it was. */
export function Reasons({ notification: { reasons, counts }, filter, onFilter }: ReasonsProps) {
  if (reasons === null)
    return (
      <Sheet title="Reasons">
        <p className="quiet">Too many to count while it is running. They are here when it is over.</p>
      </Sheet>
    );
  const rows = Object.entries(reasons).sort(([, one], [, other]) => other - one);
  if (rows.length === 0) return null;
  const most = Math.max(counts.total - counts.pending - counts.delivered, 1);
  return (
    <Sheet title="Why not delivered" padded={false}>
      <ul className="reasons">
        {rows.map(([reason, count]) => {
          const isChosen = filter.reasons?.includes(reason) ?? false;
          const { hint } = explainReason(reason);
          return (
            <li key={reason}>
              <button
                type="button"
                aria-pressed={isChosen}
                onClick={() => onFilter(isChosen ? {} : { reasons: [reason] })}
              >
                <span className="reason-head">
                  <span className="reason-meaning">{meaningOf(reason)}</span>
                  <span className="number">{formatCount(count)}</span>
                </span>
                <span className="reason-bar">
                  <span style={{ width: `${(count / most) * 100}%` }} />
                </span>
                <span className="reason-hint">{hint}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </Sheet>
  );
}
