import type { ReactNode } from 'react';
import { formatCount } from '../../parts/format.ts';

interface NumbersProps {
  readonly rows: readonly (readonly [string, number])[];
  readonly children: ReactNode;
}

/** What was done, to how many. */
export function Numbers({ rows, children }: NumbersProps) {
  return (
    <>
      {children}
      <ul className="numbers">
        {rows.map(([words, count]) => (
          <li key={words}>
            <strong className="number">{formatCount(count)}</strong> {words}
          </li>
        ))}
      </ul>
    </>
  );
}
