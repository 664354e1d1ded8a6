import type { ConnectionState } from '../../../client/connections.ts';
import type { CsvRow } from '../../data/read-rows.ts';
import { numbered } from '../../parts/numbered.ts';
import { Sheet } from '../../parts/page.tsx';
import { LEFT_OUT, targetsFor } from './columns.ts';

interface ColumnTableProps {
  /** The header, and the first rows. */
  readonly rows: readonly CsvRow[];
  readonly targets: readonly string[];
  readonly connections: readonly ConnectionState[];
  readonly isFixed: boolean;
  readonly onChange: (targets: readonly string[]) => void;
}

/** What each column is imported as, beside what is in it. */
export function ColumnTable({ rows, targets, connections, isFixed, onChange }: ColumnTableProps) {
  const [header, ...samples] = rows;
  return (
    <Sheet title="Columns" padded={false}>
      <div className="scroll-x">
        <table className="table columns">
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">Is imported as</th>
              <th scope="col" className="only-wide">
                The first rows
              </th>
            </tr>
          </thead>
          <tbody>
            {numbered(header?.cells ?? []).map(({ at, item: column }) => (
              <tr key={at}>
                <th scope="row" className="columns-name">
                  {column.trim() === '' ? <span className="quiet">without a name</span> : column}
                </th>
                <td>
                  <select
                    className="select"
                    aria-label={`Column ${column} is imported as`}
                    disabled={isFixed}
                    value={targets[at] ?? LEFT_OUT}
                    onChange={({ target }) =>
                      onChange(targets.map((each, index) => (index === at ? target.value : each)))
                    }
                  >
                    <option value={LEFT_OUT}>Leave it out</option>
                    {targetsFor(column, connections).map(({ header: name, label }) => (
                      <option key={name} value={name}>
                        {label}
                      </option>
                    ))}
                  </select>
                </td>
                <td className="quiet columns-samples only-wide">
                  {numbered(samples).map(({ at: row, item: { cells } }) => (
                    <span className="clip" key={row}>
                      {cells[at]}
                    </span>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Sheet>
  );
}
