import { DownloadIcon } from '@radix-ui/react-icons';
import { Button, Progress } from '@radix-ui/themes';
import { saveAs } from '../../data/save-as.ts';
import { formatCount } from '../../parts/format.ts';
import { numbered } from '../../parts/numbered.ts';
import { faultsAsCsv, type Imported } from './run-import.ts';

interface ImportReportProps {
  readonly state: {
    readonly at: 'running' | 'done' | 'stopped' | 'failed';
    readonly imported: Imported;
    readonly fault?: string;
  };
  readonly name: string;
  readonly records: number;
}

const WORDS = {
  running: 'Importing …',
  done: 'Everything was read.',
  stopped: 'Stopped. Who was imported stays; importing it again goes through it from the beginning.',
} as const;
const SHOWN_FAULTS = 100;

/** How far it is, and which lines were not imported. */
export function ImportReport({ state, name, records }: ImportReportProps) {
  const { imported, read, bad, share, faults } = state.imported;
  return (
    <>
      <p className={state.at === 'failed' ? 'field-error import-note' : 'quiet import-note'} role="status">
        {state.at === 'failed' ? state.fault : WORDS[state.at]}
      </p>
      {state.at === 'running' && <Progress value={Math.round(share * 100)} aria-label="Imported" />}
      <dl className="figures">
        <div className="figure">
          <dt>Read</dt>
          <dd>
            {formatCount(read)} <small>of {formatCount(records)}</small>
          </dd>
        </div>
        <div className="figure">
          <dt>Imported</dt>
          <dd>{formatCount(imported)}</dd>
        </div>
        <div className="figure">
          <dt>Not imported</dt>
          <dd>{formatCount(bad)}</dd>
        </div>
      </dl>
      {faults.length > 0 && (
        <>
          <div className="import-faults">
            <h3>Lines that were not imported</h3>
            <Button
              size="1"
              variant="soft"
              color="gray"
              onClick={() => saveAs(`${name}.errors.csv`, faultsAsCsv(faults))}
            >
              <DownloadIcon /> Download as CSV
            </Button>
          </div>
          <div className="scroll-x">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col" className="end">
                    Line
                  </th>
                  <th scope="col">Column</th>
                  <th scope="col">What is wrong</th>
                </tr>
              </thead>
              <tbody>
                {numbered(faults.slice(0, SHOWN_FAULTS)).map(({ at, item: { line, field, message } }) => (
                  <tr key={at}>
                    <td className="end number">{formatCount(line)}</td>
                    <td>{field}</td>
                    <td className="import-fault">{message}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {faults.length > SHOWN_FAULTS && (
            <p className="quiet import-note">
              The first {SHOWN_FAULTS} are shown; the file has {formatCount(faults.length)}.
            </p>
          )}
        </>
      )}
    </>
  );
}
