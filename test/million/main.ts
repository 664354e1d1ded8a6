import { parseArgs } from 'node:util';
import { sendMany } from './run.ts';

/** `npm run test:million -- --recipients 1000000`: test/million.test.ts at any size. */
const { values } = parseArgs({ options: { recipients: { type: 'string', default: '1000000' } } });
const recipients = Number(values.recipients);
const figures = await sendMany(recipients);
console.log(JSON.stringify(figures, null, 2));
const isRight =
  figures.findings.length === 0 &&
  figures.peakMb <= 300 &&
  figures.exported === recipients &&
  figures.delivered === recipients;
if (!isRight) process.exitCode = 1;
