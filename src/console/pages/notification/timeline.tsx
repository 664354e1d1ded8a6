import { useMemo } from 'react';
import type { Timeline } from '../../../client/activity.ts';
import type { Notification } from '../../../client/notification-documents.ts';
import { FINAL_STATES } from '../../../model/notification.ts';
import { useTimeline } from '../../data/activity.ts';
import { isRunning } from '../../data/notifications.ts';
import { formatCount, formatRate } from '../../parts/format.ts';
import { Sheet } from '../../parts/page.tsx';
import { Plot, type PlotSeries } from '../../parts/plot.tsx';

/** How it went over time: how many had ended, and how fast. */
export function TimelinePlots({ notification }: { readonly notification: Notification }) {
  const found = useTimeline(notification.id, isRunning(notification));
  // Told again every few seconds: drawn again only when it is something new.
  const print = JSON.stringify(found.data?.points ?? []);
  const drawn = useMemo(() => draw(JSON.parse(print)), [print]);
  if (drawn === null) return null;
  return (
    <div className="halves">
      <Sheet title="Outcomes over time">
        <Plot
          label={drawn.outcomesLabel}
          times={drawn.times}
          series={drawn.outcomes}
          isStacked
          unit="count"
          height={170}
        />
      </Sheet>
      <Sheet title="Recipients a second">
        <Plot label={drawn.rateLabel} times={drawn.times} series={drawn.rate} unit="perSecond" height={170} />
      </Sheet>
    </div>
  );
}

interface Drawn {
  readonly times: readonly number[];
  readonly outcomes: readonly PlotSeries[];
  readonly outcomesLabel: string;
  readonly rate: readonly PlotSeries[];
  readonly rateLabel: string;
}

/** Null: too little has happened to be drawn. */
function draw(told: Timeline['points']): Drawn | null {
  // Two of one moment have no rate between them; the later is what is true.
  const points = told.filter(({ at }, index) => told[index + 1]?.at !== at);
  const last = points.at(-1);
  if (last === undefined || points.length < 3) return null;
  const times = points.map(({ at }) => Date.parse(at) / 1000);
  const states = FINAL_STATES.filter((state) => last[state] > 0);
  const ended = points.map((point) => states.reduce((sum, state) => sum + point[state], 0));
  const perSecond = ended.map((count, index) => {
    const seconds = (times[index] ?? 0) - (times[index - 1] ?? 0);
    return index === 0 || seconds <= 0 ? null : (count - (ended[index - 1] ?? 0)) / seconds;
  });
  const most = Math.max(...perSecond.map((rate) => rate ?? 0));
  return {
    times,
    outcomes: states.map((state) => ({
      label: state,
      color: `--state-${state}`,
      values: points.map((point) => point[state]),
    })),
    outcomesLabel: `By the end: ${states.map((state) => `${formatCount(last[state])} ${state}`).join(', ')}`,
    rate: [{ label: 'recipients', color: '--accent-9', values: perSecond }],
    rateLabel: `Recipients a second: at most ${formatRate(most)}`,
  };
}
