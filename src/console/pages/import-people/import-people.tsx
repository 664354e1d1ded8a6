import { Button } from '@radix-ui/themes';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import { useBotId, useBotPath } from '../../data/bot.tsx';
import { useClient } from '../../data/client.tsx';
import { useConnections } from '../../data/connections.ts';
import { cutFile, type FileFormat, formatOf, type Piece, UnreadableFile } from '../../data/file-pieces.ts';
import type { CsvRow } from '../../data/read-rows.ts';
import { useMay } from '../../data/session.tsx';
import { FileField } from '../../parts/file-field.tsx';
import { formatCount } from '../../parts/format.ts';
import { Page, Sheet } from '../../parts/page.tsx';
import { Empty, explainError } from '../../parts/states.tsx';
import { ColumnTable } from './column-table.tsx';
import { guessTarget } from './columns.ts';
import { ImportReport } from './import-report.tsx';
import { type Imported, runImport } from './run-import.ts';
import './import-people.css';

export default function ImportPeople() {
  const to = useBotPath();
  const maySend = useMay('sender');
  return (
    <Page
      title="Import people"
      description="Whoever is known already is changed, and nobody is taken away. Doing it again does no harm."
      above={
        <Link href={to('people')} className="link">
          People
        </Link>
      }
    >
      {maySend ? (
        <Importing />
      ) : (
        <Empty title="Your role may look, not import">Ask an administrator to make you a sender.</Empty>
      )}
    </Page>
  );
}

/** A file that was looked into. */
interface Chosen {
  readonly file: File;
  readonly format: FileFormat;
  readonly records: number;
  /** Of a CSV file: the header, and the first rows. */
  readonly rows: readonly CsvRow[];
}

type State =
  | { readonly at: 'choosing'; readonly isReading: boolean; readonly fault: string | null }
  | { readonly at: 'ready' }
  | { readonly at: 'running' | 'done' | 'stopped'; readonly imported: Imported }
  | { readonly at: 'failed'; readonly imported: Imported; readonly fault: string };

const NOTHING: Imported = { share: 0, read: 0, imported: 0, bad: 0, faults: [] };
const SHOWN_ROWS = 4;

function Importing() {
  const client = useClient();
  const botId = useBotId();
  const queries = useQueryClient();
  const connections = useConnections().data ?? [];
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [targets, setTargets] = useState<readonly string[]>([]);
  const [state, setState] = useState<State>({ at: 'choosing', isReading: false, fault: null });
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const choose = async (file: File) => {
    setState({ at: 'choosing', isReading: true, fault: null });
    setChosen(null);
    try {
      const opened = await openFile(file);
      setChosen(opened);
      setTargets((opened.rows[0]?.cells ?? []).map((column) => guessTarget(column, connections)));
      setState({ at: 'ready' });
    } catch (error) {
      const fault = error instanceof UnreadableFile ? error.message : explainError(error).fix;
      setState({ at: 'choosing', isReading: false, fault });
    }
  };
  const start = async ({ file, format }: Chosen) => {
    const ended = new AbortController();
    running.current = ended;
    let imported = NOTHING;
    const tell = (now: Imported) => {
      imported = now;
      setState({ at: 'running', imported });
    };
    tell(NOTHING);
    try {
      await runImport(client, { botId, file, format, targets, signal: ended.signal, tell });
      setState({ at: 'done', imported });
    } catch (error) {
      setState(ended.signal.aborted ? { at: 'stopped', imported } : { at: 'failed', imported, fault: faultOf(error) });
    }
    await queries.invalidateQueries({ queryKey: ['bots', botId, 'people'] });
  };

  const isRunning = state.at === 'running';
  const isNaming = chosen?.format === 'ndjson' || targets.some((target) => NAMING.has(target));
  return (
    <>
      <Sheet title="File">
        <FileField
          label="People"
          hint="CSV with a header, in UTF-8, or NDJSON as an export writes it. Of any length."
          accept=".csv,.ndjson,.jsonl"
          error={state.at === 'choosing' ? state.fault : null}
          isReading={state.at === 'choosing' && state.isReading}
          chosen={chosen === null ? null : `${chosen.file.name}: ${formatCount(chosen.records)} lines`}
          onChoose={choose}
        />
      </Sheet>
      {chosen?.format === 'csv' && (
        <ColumnTable
          rows={chosen.rows}
          targets={targets}
          connections={connections}
          isFixed={state.at !== 'ready'}
          onChange={setTargets}
        />
      )}
      {chosen !== null && (
        <Sheet title="Import">
          <div className="stack">
            {!isNaming && (
              <p className="field-error import-note" role="alert">
                One column has to say who it is: e-mail, UPN, phone or other identities.
              </p>
            )}
            {'imported' in state && <ImportReport state={state} name={chosen.file.name} records={chosen.records} />}
            <div className="import-actions">
              {isRunning ? (
                <Button variant="soft" color="gray" onClick={() => running.current?.abort()}>
                  Stop
                </Button>
              ) : (
                <Button disabled={!isNaming} onClick={() => void start(chosen)}>
                  {state.at === 'ready' ? `Import ${formatCount(chosen.records)} people` : 'Import again'}
                </Button>
              )}
            </div>
          </div>
        </Sheet>
      )}
    </>
  );
}

const NAMING: ReadonlySet<string> = new Set(['email', 'upn', 'phone', 'identities', 'id']);

async function openFile(file: File): Promise<Chosen> {
  const format = formatOf(file.name);
  if (format === null) throw new UnreadableFile('Choose a file that is called .csv, .ndjson or .jsonl.');
  let [records, first]: [number, Piece | null] = [0, null];
  for await (const piece of cutFile(file, { format, records: 1_000 })) {
    first ??= piece;
    records += piece.records;
  }
  if (first === null) throw new UnreadableFile('There is nobody in it.');
  if (format === 'ndjson') return { file, format, records, rows: [] };
  // Its parser is loaded when there is something to parse.
  const { readRows } = await import('../../data/read-rows.ts');
  return { file, format, records, rows: readRows(first.text).slice(0, 1 + SHOWN_ROWS) };
}

function faultOf(error: unknown): string {
  if (error instanceof UnreadableFile) return error.message;
  const { title, fix } = explainError(error);
  return `${title}. ${fix}`;
}
