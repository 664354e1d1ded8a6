import { median } from './figures.ts';

/** What stands over one place of the horizontal axis. */
export interface Column {
  readonly name: string;
  /** One a round. */
  readonly values: readonly number[];
  /** The most that is allowed. */
  readonly limit: number;
}

const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [720, 320, 60, 40, 50];
const LINES = 5;

/** A dot for each round, a stroke at the median with its value, and a dashed stroke at the limit; as SVG. */
export function plot(title: string, unit: string, columns: readonly Column[]): string {
  const highest = Math.max(...columns.flatMap(({ values, limit }) => [...values, limit])) * 1.1;
  const step = (WIDTH - LEFT) / columns.length;
  const y = (value: number): string => (HEIGHT - BOTTOM - (value / highest) * (HEIGHT - BOTTOM - TOP)).toFixed(1);
  const grid = Array.from({ length: LINES + 1 }, (_, line) => {
    const value = (highest / LINES) * line;
    const label = text(LEFT - 8, Number(y(value)) + 4, `${value.toFixed(0)}`, 'end');
    return `${stroke(LEFT, WIDTH, y(value), 'stroke="#ddd"')}${label}`;
  });
  const marks = columns.map(({ name, values, limit }, index) => {
    const [from, to] = [LEFT + index * step + step * 0.25, LEFT + index * step + step * 0.75];
    const middle = (from + to) / 2;
    const dots = values.map((value) => `<circle cx="${middle.toFixed(1)}" cy="${y(value)}" r="3.5" fill="#2563eb"/>`);
    const most = median(values);
    return [
      stroke(from, to, y(limit), 'stroke="#dc2626" stroke-width="2" stroke-dasharray="5 4"'),
      ...(values.length === 0 ? [] : [stroke(from, to, y(most), 'stroke="#2563eb" stroke-width="2"'), ...dots]),
      ...(values.length === 0 ? [] : [text(to + 4, Number(y(most)) + 4, most.toFixed(0), 'start')]),
      text(middle, HEIGHT - BOTTOM + 22, name, 'middle'),
    ].join('\n');
  });
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`;
  const paper = `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`;
  const name = `<title>${escapeXml(title)}</title>`;
  const heading = text(LEFT, 20, `${title}, ${unit}; dashed: the most allowed`, 'start');
  return `${[head, name, paper, heading, ...grid, ...marks, '</svg>'].join('\n')}\n`;
}

const stroke = (from: number, to: number, y: string, look: string): string =>
  `<line x1="${from.toFixed(1)}" x2="${to.toFixed(1)}" y1="${y}" y2="${y}" ${look}/>`;

const text = (x: number, y: number, words: string, anchor: string): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="#222">${escapeXml(words)}</text>`;

const escapeXml = (words: string): string => words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
