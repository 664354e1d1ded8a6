import { parseArgs } from 'node:util';
import { chooseSeed } from '../support/seed.ts';
import { globalSetup } from '../whole-run.ts';
import { backupOnline } from './backup-online.ts';
import { brokenAnswers } from './broken-answers.ts';
import { brokenDisk } from './broken-disk.ts';
import { cancelOnPostgres, cancelOnSqlite } from './cancel.ts';
import { clockJumps, oneClockJumps } from './clock-jumps.ts';
import { descriptorsGone } from './descriptors.ts';
import { diskFull, volumeFull } from './disk-full.ts';
import { readKept, writeDocuments } from './document.ts';
import { dueTogether } from './due-together.ts';
import { endlessRead } from './endless-read.ts';
import { type Fault, type FaultParts, type Finding, partsOf } from './fault.ts';
import { fsyncOrder } from './fsync-order.ts';
import { hostileStrings } from './hostile-strings.ts';
import { hostileTemplates } from './hostile-templates.ts';
import { hugeAnswers } from './huge-answers.ts';
import { killedOnPostgres, killedOnSqlite } from './kill.ts';
import { gatheringKilledOnPostgres, gatheringKilledOnSqlite } from './kill-gathering.ts';
import { rotationKilledOnPostgres, rotationKilledOnSqlite } from './kill-rotation.ts';
import { writerKilled } from './kill-writer.ts';
import { likeTheModel } from './like-the-model.ts';
import { loopOnPostgres, loopOnSqlite } from './loop-delay.ts';
import { mixedVersions } from './mixed-versions.ts';
import { modelled } from './modelled.ts';
import { oneAccountDown } from './one-account-down.ts';
import { oneKeyOnPostgres, oneKeyOnSqlite } from './one-key.ts';
import { overload, overloadOnPostgres } from './overload.ts';
import { poisonMessage } from './poison.ts';
import { postgresCrash } from './postgres-crash.ts';
import { backendsTerminated, commitUnknown } from './postgres-cuts.ts';
import { postgresSilent } from './postgres-silence.ts';
import { powerCut } from './power-cut.ts';
import { silentProvider, unwellProvider } from './provider-down.ts';
import { rollingRestart } from './rolling-restart.ts';
import { secondProcess } from './second-process.ts';
import { sharedBreaker } from './shared-breaker.ts';
import { sharedCallLimits } from './shared-call-limits.ts';
import { sharedConversations } from './shared-conversations.ts';
import { sharedRates } from './shared-rates.ts';
import { stoppedPastLease } from './sigstop.ts';
import { simulated } from './simulated.ts';
import { slowClients } from './slow-clients.ts';
import { slowDownStorm } from './slow-down-storm.ts';
import { slowLink } from './slow-link.ts';
import { trickledAnswers } from './trickled-answers.ts';
import {
  bulkBesideUrgent,
  urgentBesideBulk,
  urgentOnOneConnection,
  urgentOnOnePostgresConnection,
  urgentOnPostgres,
} from './urgent-beside-bulk.ts';

/**
 * Every long fault test, in the order of the catalogue. `npm run test:faults -- F02 F10` runs those alone; with
 * `--write-docs` what is found goes into docs/faults.md.
 */
const FAULTS: readonly Fault[] = [
  fsyncOrder,
  powerCut,
  killedOnSqlite,
  killedOnPostgres,
  gatheringKilledOnSqlite,
  gatheringKilledOnPostgres,
  rotationKilledOnSqlite,
  rotationKilledOnPostgres,
  writerKilled,
  stoppedPastLease,
  postgresCrash,
  backendsTerminated,
  commitUnknown,
  postgresSilent,
  slowLink,
  diskFull,
  volumeFull,
  brokenDisk,
  descriptorsGone,
  clockJumps,
  oneClockJumps,
  backupOnline,
  rollingRestart,
  secondProcess,
  endlessRead,
  dueTogether,
  silentProvider,
  trickledAnswers,
  brokenAnswers,
  hugeAnswers,
  slowDownStorm,
  unwellProvider,
  oneAccountDown,
  sharedBreaker,
  sharedCallLimits,
  sharedRates,
  sharedConversations,
  poisonMessage,
  overload,
  overloadOnPostgres,
  slowClients,
  urgentBesideBulk,
  urgentOnOneConnection,
  urgentOnPostgres,
  urgentOnOnePostgresConnection,
  bulkBesideUrgent,
  hostileTemplates,
  likeTheModel,
  oneKeyOnPostgres,
  oneKeyOnSqlite,
  hostileStrings,
  mixedVersions,
  loopOnSqlite,
  loopOnPostgres,
  simulated,
  modelled,
  cancelOnSqlite,
  cancelOnPostgres,
];

interface Row extends Finding {
  readonly test: string;
  readonly verdict: 'ok' | 'FAILED' | 'skipped';
  readonly seconds: number;
}

/** A fault, or its control. */
interface Job {
  readonly test: string;
  /** `patient`: it waits for most of its time. `timed`: nothing else may run meanwhile. */
  readonly kind: 'patient' | 'busy' | 'timed';
  run(): Promise<Row>;
}

const { values, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { 'write-docs': { type: 'boolean', default: false } },
});
const seed = chooseSeed();
// Servers start by the hundred, and those with a script of their own would compile everything each time.
globalSetup();
console.log(`seed ${seed}: repeat with BECKON_SEED=${seed} npm run test:faults`);
const startedAt = performance.now();
const jobs = FAULTS.filter(({ id }) => wanted.length === 0 || wanted.includes(id)).flatMap(jobsOf);
const found = await runAll(jobs);
const rows = jobs.flatMap((job) => found.get(job) ?? []);
printTable(rows);
console.log(`\n${rows.length} rows in ${((performance.now() - startedAt) / 60_000).toFixed(1)} min`);
process.exitCode = rows.some((row) => row.verdict === 'FAILED') ? 1 : 0;

/**
 * Two that wait beside two that work, as long as there are such, those first that took longest the last time; then, by
 * themselves, those that measure time.
 */
async function runAll(all: readonly Job[]): Promise<Map<Job, Row>> {
  const results = new Map<Job, Row>();
  let written = Promise.resolve();
  const runEach = async (next: () => Job | undefined) => {
    for (let job = next(); job !== undefined; job = next()) {
      const row = await job.run();
      results.set(job, row);
      const { verdict, test, figure, bar, seconds } = row;
      console.log(`${verdict.padEnd(8)}${test}: ${figure} (bar: ${bar}; ${seconds.toFixed(1)} s)`);
      if (values['write-docs']) written = written.then(() => keep(row));
    }
  };
  const tookBefore = new Map((await readKept()).map(({ test, seconds }) => [test, seconds]));
  const took = ({ test }: Job) => tookBefore.get(test) ?? 0;
  const of = (kind: Job['kind']) => all.filter((job) => job.kind === kind).sort((a, b) => took(b) - took(a));
  const [patient, busy, timed] = [of('patient'), of('busy'), of('timed')];
  const waiting = () => patient.shift() ?? busy.shift();
  const working = () => busy.shift() ?? patient.shift();
  await Promise.all([waiting, waiting, working, working].map(runEach));
  await runEach(() => timed.shift());
  await written;
  return results;
}

function jobsOf(fault: Fault): Job[] {
  const { isTimed = false, isControlTimed = false, isPatient = false } = fault;
  const besideOthers = isPatient ? 'patient' : 'busy';
  const test = titleOf(fault);
  const reason = fault.skip?.() ?? null;
  if (reason !== null) {
    const run = async (): Promise<Row> => ({ test, figure: reason, bar: '', ok: true, verdict: 'skipped', seconds: 0 });
    return [{ test, kind: besideOthers, run }];
  }
  const itself: Job = {
    test,
    kind: isTimed ? 'timed' : besideOthers,
    run: () => measure(test, fault.run, ({ ok }) => ok),
  };
  const { control } = fault;
  if (control === undefined) return [itself];
  return [
    itself,
    {
      test: controlOf(fault),
      kind: isControlTimed ? 'timed' : besideOthers,
      // It breaks the property on purpose: a test that stays green then has proved nothing.
      run: () => measure(controlOf(fault), control, ({ ok }) => !ok),
    },
  ];
}

/** At once, so that a run which is broken off has found something. */
function keep({ test, figure, bar, verdict, seconds }: Row): Promise<void> {
  const on = new Date().toISOString().slice(0, 10);
  return writeDocuments(
    FAULTS.flatMap((fault) => [titleOf(fault), controlOf(fault)]),
    [{ test, figure, bar, seed, verdict, on, seconds: Math.round(seconds) }],
  );
}

function titleOf({ id, title }: Fault): string {
  return `${id} ${title}`;
}

function controlOf(fault: Fault): string {
  return `${titleOf(fault)}, control must fail`;
}

async function measure(
  test: string,
  run: (parts: FaultParts) => Promise<Finding>,
  passes: (finding: Finding) => boolean,
): Promise<Row> {
  const startedAt = performance.now();
  const finding = await run(partsOf(seed)).catch((error: unknown) => ({
    figure: `broke off: ${error instanceof Error ? error.message : error}`,
    bar: 'an end',
    ok: null,
  }));
  const seconds = (performance.now() - startedAt) / 1_000;
  if (finding.ok === null) return { ...finding, test, ok: false, verdict: 'FAILED', seconds };
  return { ...finding, test, ok: finding.ok, verdict: passes(finding) ? 'ok' : 'FAILED', seconds };
}

function printTable(rows: readonly Row[]): void {
  const columns = ['test', 'figure', 'bar', 'seed', 'verdict'] as const;
  const cells = [columns, ...rows.map((row) => [row.test, row.figure, row.bar, String(seed), row.verdict] as const)];
  const widths = columns.map((_name, index) => Math.max(...cells.map((row) => (row[index] ?? '').length)));
  console.log();
  for (const row of cells) console.log(`| ${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`);
}
