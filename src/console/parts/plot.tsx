import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { useAppearance } from './appearance.tsx';
import { formatClock, formatClocks, formatCount, formatRate, formatSeconds, formatShort } from './format.ts';
import './plot.css';

export interface PlotSeries {
  readonly label: string;
  /** A colour of the theme: `--state-failed`. */
  readonly color: string;
  readonly values: readonly (number | null)[];
}

interface PlotProps {
  /** What is shown, in words: for whoever cannot see it. */
  readonly label: string;
  /** Epoch seconds. */
  readonly times: readonly number[];
  readonly series: readonly PlotSeries[];
  /** Figures of a stretch of time each, as bars; otherwise of moments. */
  readonly isBars?: boolean;
  /** On top of one another, each as an area: parts of a whole. Otherwise as lines. */
  readonly isStacked?: boolean;
  readonly unit: 'count' | 'perSecond';
  readonly height?: number;
}

/** Figures over time. Colours are read from the theme when it is drawn, so it is drawn anew when the theme changes. */
export function Plot({ label, times, series, isStacked = false, isBars = false, unit, height = 200 }: PlotProps) {
  const frame = useRef<HTMLDivElement>(null);
  const { shown } = useAppearance();
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const style = getComputedStyle(element);
    const colorOf = (name: string) => style.getPropertyValue(name).trim();
    const options = optionsFor({ series, isStacked, isBars, unit, colorOf, appearance: shown });
    const plot = new uPlot(
      { ...options, width: element.clientWidth, height },
      dataOf(times, series, isStacked),
      element,
    );
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [times, series, isStacked, isBars, unit, height, shown]);
  return <div ref={frame} className="plot" role="img" aria-label={label} style={{ minHeight: height + 28 }} />;
}

/** The last of a stack is drawn first, up to the sum of all, and those before it over it. */
function dataOf(times: readonly number[], series: readonly PlotSeries[], isStacked: boolean): uPlot.AlignedData {
  if (!isStacked) return [[...times], ...series.map(({ values }) => [...values])];
  const sums = times.map(() => 0);
  const layers = series.map(({ values }) =>
    values.map((value, index) => {
      sums[index] = (sums[index] ?? 0) + (value ?? 0);
      return sums[index];
    }),
  );
  return [[...times], ...layers.reverse()];
}

interface Look extends Pick<PlotProps, 'series' | 'unit'> {
  readonly isStacked: boolean;
  readonly isBars: boolean;
  readonly appearance: 'light' | 'dark';
  readonly colorOf: (name: string) => string;
}

function optionsFor({ series, isStacked, isBars, unit, colorOf }: Look): Omit<uPlot.Options, 'width' | 'height'> {
  const axis = {
    stroke: colorOf('--gray-11'),
    grid: { stroke: colorOf('--gray-a4'), width: 1 },
    ticks: { show: false },
    font: '11.5px "Inter Variable", system-ui, sans-serif',
  };
  const bars = isBars ? uPlot.paths.bars?.({ size: [0.82, 28] }) : undefined;
  const ordered = isStacked ? [...series].reverse() : series;
  return {
    // As much on the right as half a label takes that stands below the last moment.
    padding: [8, 20, 0, 0],
    cursor: { points: { size: 6 }, y: false },
    scales: { y: { range: (_plot, _min, max) => [0, niceTop(max)] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 32,
        space: 70,
        incrs: STEPS,
        values: (_plot, splits) => formatClocks(splits.map((at) => at * 1000)),
      },
      { ...axis, size: 44, values: (_plot, splits) => splits.map(formatShort) },
    ],
    series: [
      { label: 'Time', value: (plot, at) => (at === null ? '' : tellTime(plot, at)) },
      ...ordered.map(({ label, color, values }) => ({
        label,
        stroke: colorOf(color),
        width: isStacked ? 0 : 1.75,
        ...(isStacked && { fill: colorOf(color) }),
        ...(bars !== undefined && { paths: bars }),
        points: { show: false },
        // Nothing is pointed at: only what each colour is.
        value: (_plot: uPlot, _value: number, _series: number, index: number | null) =>
          index === null ? '' : tell(values[index] ?? null, unit),
      })),
    ],
  };
}

/** Between two labels, seconds: times are told no finer. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400];

/** As finely as the labels below it. */
function tellTime({ scales: { x } }: uPlot, at: number): string {
  const isShort = (x?.max ?? 0) - (x?.min ?? 0) < SHORT_S;
  return isShort ? formatSeconds(at * 1000) : formatClock(at * 1000);
}

const SHORT_S = 600;

const niceTop = (max: number): number => (max > 0 ? max * 1.1 : 1);

function tell(value: number | null, unit: PlotProps['unit']): string {
  if (value === null) return '–';
  return unit === 'perSecond' ? `${formatRate(value)}/s` : formatCount(value);
}
