import { SegmentedControl } from '@radix-ui/themes';
import { useState } from 'react';
import { Link } from 'wouter';
import type { Overview } from '../../../client/activity.ts';
import { useOverview } from '../../data/activity.ts';
import { useBotPath } from '../../data/bot.tsx';
import { formatCount, formatShare } from '../../parts/format.ts';
import { Page, Sheet } from '../../parts/page.tsx';
import { meaningOf } from '../../parts/reason.ts';
import { StateWord } from '../../parts/state-word.tsx';
import { Empty, Loading, Trouble } from '../../parts/states.tsx';
import { ConnectionsNow } from './connections-now.tsx';
import { Running } from './running.tsx';
import { Throughput } from './throughput.tsx';
import './overview.css';

const SPANS = { '60': 'Hour', '360': '6 hours', '1440': 'Day' } as const;

export default function OverviewPage() {
  const [minutes, setMinutes] = useState('60');
  const found = useOverview(Number(minutes));
  return (
    <Page
      title="Overview"
      actions={
        <SegmentedControl.Root value={minutes} onValueChange={setMinutes} aria-label="How far back">
          {Object.entries(SPANS).map(([value, label]) => (
            <SegmentedControl.Item key={value} value={value}>
              {label}
            </SegmentedControl.Item>
          ))}
        </SegmentedControl.Root>
      }
    >
      {found.isPending && <Loading lines={6} />}
      {found.isError && <Trouble error={found.error} retry={found.refetch} />}
      {found.isSuccess && <Found overview={found.data} />}
    </Page>
  );
}

function Found({ overview }: { readonly overview: Overview }) {
  return (
    <>
      <Figures overview={overview} />
      <Sheet title="Recipients a minute">
        <Throughput minutes={overview.minutes} />
      </Sheet>
      <div className="halves">
        <div className="stack">
          <Running />
          <Reasons reasons={overview.reasons} />
        </div>
        <div className="stack">
          <ConnectionsNow connections={overview.connections} />
        </div>
      </div>
    </>
  );
}

function Figures({ overview: { minutes, running, connections } }: { readonly overview: Overview }) {
  const sum = (state: 'delivered' | 'failed' | 'unknown') =>
    minutes.reduce((total, minute) => total + minute[state], 0);
  const [delivered, failed] = [sum('delivered'), sum('failed') + sum('unknown')];
  const ended = delivered + failed;
  const troubled = connections.filter(({ health }) => health === 'held' || health === 'paused').length;
  return (
    <dl className="figures">
      <div className="figure">
        <dt>Delivered</dt>
        <dd>
          {formatCount(delivered)} <small>{ended > 0 && formatShare(delivered, ended)}</small>
        </dd>
      </div>
      <div className="figure">
        <dt>Failed</dt>
        <dd>
          {formatCount(failed)} <small>{ended > 0 && formatShare(failed, ended)}</small>
        </dd>
      </div>
      <div className="figure">
        <dt>Running</dt>
        <dd>
          {formatCount(running.notifications)}
          {running.isMore && '+'} <small>{formatCount(running.recipients)} waiting</small>
        </dd>
      </div>
      <div className="figure">
        <dt>Connections in trouble</dt>
        <dd>
          {formatCount(troubled)} <small>of {formatCount(connections.length)}</small>
        </dd>
      </div>
    </dl>
  );
}

function Reasons({ reasons }: Pick<Overview, 'reasons'>) {
  const to = useBotPath();
  const most = Math.max(...reasons.map(({ count }) => count), 1);
  return (
    <Sheet
      title="Why some did not get it"
      padded={false}
      aside={
        reasons.length > 0 && (
          <Link className="link" href={to('notifications')}>
            Notifications
          </Link>
        )
      }
    >
      {reasons.length === 0 ? (
        <Empty title="Everybody got it">Nothing failed in this time.</Empty>
      ) : (
        <ul className="reason-list">
          {reasons.map(({ state, reason, count, hint }) => (
            <li key={`${state} ${reason}`}>
              <div className="reason-head">
                <span>{meaningOf(reason)}</span>
                <span className="number">{formatCount(count)}</span>
              </div>
              <div className="reason-bar">
                <span data-state={state} style={{ width: `${(count / most) * 100}%` }} />
              </div>
              <div className="reason-hint">
                <StateWord state={state} />. {hint}
              </div>
            </li>
          ))}
        </ul>
      )}
    </Sheet>
  );
}
