import type { Counts } from '../../model/notification.ts';
import { formatCount, formatShare } from './format.ts';
import './outcome-bar.css';

/** In the order they are shown, everywhere. */
export const STATES = ['delivered', 'failed', 'unknown', 'suppressed', 'expired', 'cancelled', 'pending'] as const;
export type ShownState = (typeof STATES)[number];

/** What became of everybody, as parts of one bar. */
export function OutcomeBar({ counts, size = 'small' }: { readonly counts: Counts; readonly size?: 'small' | 'large' }) {
  const there = STATES.filter((state) => counts[state] > 0);
  const words = there.map((state) => `${state} ${formatCount(counts[state])}`).join(', ');
  return (
    <div className={`bar bar-${size}`} role="img" aria-label={words || 'nobody'} title={words}>
      {there.map((state) => (
        <span key={state} data-state={state} style={{ flexGrow: counts[state] }} />
      ))}
    </div>
  );
}

/** The same in words and numbers. */
export function OutcomeLegend({ counts }: { readonly counts: Counts }) {
  return (
    <dl className="legend">
      {STATES.filter((state) => counts[state] > 0 || state === 'delivered').map((state) => (
        <div key={state}>
          <dt>
            <span className="dot" data-state={state} />
            {state}
          </dt>
          <dd>
            {formatCount(counts[state])} <small>{formatShare(counts[state], counts.total)}</small>
          </dd>
        </div>
      ))}
    </dl>
  );
}
