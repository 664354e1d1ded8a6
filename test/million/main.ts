import { parseArgs } from 'node:util';
import { startPostgres } from '../support/postgres.ts';
import { sendMany } from './run.ts';

/** `npm run test:million -- --recipients 1000000 --store postgres`: test/million.test.ts at any size. */
const { values } = parseArgs({
  options: { recipients: { type: 'string', default: '1000000' }, store: { type: 'string', default: 'sqlite' } },
});
const recipients = Number(values.recipients);
const postgres = values.store === 'postgres' ? await startPostgres() : null;
try {
  const database = await postgres?.createDatabase();
  const figures = await sendMany({ recipients, ...(database && { database }) });
  console.log(JSON.stringify(figures, null, 2));
  const isRight =
    figures.findings.length === 0 &&
    figures.peakMb <= 300 &&
    figures.exported === recipients &&
    figures.delivered === recipients;
  if (!isRight) process.exitCode = 1;
} finally {
  await postgres?.stop();
}
