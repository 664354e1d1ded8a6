import { SCHEMA_VERSION } from '../../src/store/migrations.ts';
import { makeNextVersion, type NextOptions } from '../support/next-version.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';
import { restartInTurn } from './rolling-restart.ts';

export const mixedVersions: Fault = {
  id: 'F35',
  title: 'this version and the next on one database, rolled out and back under load',
  run: (parts) => rollOutAndBack({ restarts: 12, ...EXPANDS }, parts),
  control: (parts) => rollOutAndBack({ restarts: 2, ...RENAMES }, parts),
};

/** What a migration may do while older servers run: everything in it is more. */
export const EXPANDS: NextOptions = {
  statements: [
    'ALTER TABLE notifications ADD COLUMN region {text}',
    'ALTER TABLE batches ADD COLUMN weight {int} NOT NULL DEFAULT 1',
    'CREATE INDEX logs_by_time ON logs (bot_id, at)',
    'CREATE TABLE regions (bot_id {text} NOT NULL, name {text} NOT NULL, PRIMARY KEY (bot_id, name)) {keyed}',
  ],
};

/** What it may not do. */
const RENAMES: NextOptions = {
  statements: ['ALTER TABLE notifications RENAME COLUMN created_by TO asked_by'],
  renames: { created_by: 'asked_by' },
};

interface MixOptions extends NextOptions {
  readonly restarts: number;
  /** Which starts are of the next version; by default all three servers become it one after the other, then go back. */
  readonly isNext?: (restart: number) => boolean;
}

export async function rollOutAndBack(
  { restarts, isNext = outAndBack, ...next }: MixOptions,
  parts: FaultParts,
): Promise<Finding> {
  const { script, remove } = makeNextVersion(next);
  try {
    const finding = await restartInTurn(
      { restarts, scriptOf: (restart) => (isNext(restart) ? script : undefined) },
      parts,
    );
    const reached = finding.schemaVersion === SCHEMA_VERSION + 1;
    return {
      figure: `schema ${SCHEMA_VERSION} became ${finding.schemaVersion}; ${finding.figure}`,
      bar: `${finding.bar}; the schema of the next version`,
      ok: finding.ok && reached,
    };
  } finally {
    remove();
  }
}

const outAndBack = (restart: number): boolean => restart % 6 < 3;
