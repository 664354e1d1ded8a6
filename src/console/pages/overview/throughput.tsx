import { useMemo } from 'react';
import type { Overview } from '../../../client/activity.ts';
import { formatCount } from '../../parts/format.ts';
import { Plot } from '../../parts/plot.tsx';
import { Empty } from '../../parts/states.tsx';

const SHOWN = ['delivered', 'failed', 'unknown', 'suppressed', 'expired'] as const;

/** How many recipients ended in each minute, and how. */
export function Throughput({ minutes }: Pick<Overview, 'minutes'>) {
  // Told again every few seconds: drawn again only when the figures are others.
  const print = JSON.stringify(minutes);
  const { times, series, label } = useMemo(() => {
    const told: Overview['minutes'] = JSON.parse(print);
    const sumOf = (state: (typeof SHOWN)[number]) => told.reduce((sum, minute) => sum + minute[state], 0);
    const states = SHOWN.filter((state) => state === 'delivered' || state === 'failed' || sumOf(state) > 0);
    return {
      times: told.map(({ at }) => Date.parse(at) / 1000),
      series: states.map((state) => ({
        label: state,
        color: `--state-${state}`,
        values: told.map((minute) => minute[state]),
      })),
      label: `Recipients a minute: ${states.map((state) => `${formatCount(sumOf(state))} ${state}`).join(', ')}`,
    };
  }, [print]);
  if (series.every(({ values }) => values.every((value) => value === 0)))
    return <Empty title="Nothing was sent in this time">What is sent appears here within seconds.</Empty>;
  return <Plot label={label} times={times} series={series} isStacked isBars unit="count" height={210} />;
}
