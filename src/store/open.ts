import type { Clock } from '../model/clock.ts';
import type { Ends } from '../model/meter.ts';
import * as activity from './activity.ts';
import * as addresses from './addresses.ts';
import { atMost } from './at-most.ts';
import * as audienceSteps from './audience-steps.ts';
import * as audiences from './audiences.ts';
import { audited, findAuditHead, listAudit } from './audit.ts';
import * as backlogs from './backlogs.ts';
import * as batches from './batches.ts';
import * as callCounts from './call-counts.ts';
import * as callbacks from './callbacks.ts';
import * as cancel from './cancel.ts';
import { listChanged } from './changes.ts';
import { checkpoint } from './checkpoint.ts';
import * as configured from './configured.ts';
import * as dataKeys from './data-keys.ts';
import type { Database } from './database.ts';
import * as erasures from './erasures.ts';
import * as identities from './identities.ts';
import * as ledger from './ledger.ts';
import { SCHEMA_VERSION } from './migrations.ts';
import * as notifications from './notifications.ts';
import * as operators from './operators.ts';
import * as pauses from './pause.ts';
import * as people from './people.ts';
import { StoreDamaged, StoreUnavailable } from './port/errors.ts';
import type { PutTemplateResult } from './port/templates.ts';
import type { RestoredState } from './port/upkeep.ts';
import type { Store } from './port.ts';
import { openPostgres } from './postgres.ts';
import { CONNECT_MS } from './postgres-pool.ts';
import * as preferences from './preferences.ts';
import * as rateShares from './rate-shares.ts';
import * as receipts from './receipts.ts';
import { writeRecipients } from './recipients.ts';
import * as replies from './replies.ts';
import { reschedule } from './reschedule.ts';
import * as restored from './restored.ts';
import { enforceRetention } from './retention.ts';
import * as retries from './retry.ts';
import * as rules from './rules.ts';
import * as scopeCalls from './scope-calls.ts';
import { searchPeople } from './search-people.ts';
import * as sessions from './sessions.ts';
import * as silences from './silences.ts';
import { openSqlite } from './sqlite.ts';
import type { Steps } from './steps.ts';
import * as templates from './templates.ts';
import { hearEnds } from './unworked-ends.ts';

/**
 * Opens the store behind a database URL (`sqlite:./data/beckon.db`, `sqlite::memory:`, `postgres://…`) and brings its
 * schema up to date. Rejects with `StoreHeld`, `SchemaTooNew` or `StoreUnavailable`.
 */
export async function openStore(url: string, options: { readonly clock: Clock }): Promise<Store> {
  const database = openDatabase(url, options.clock);
  try {
    await database.migrate();
  } catch (error) {
    await database.close().catch(() => {});
    throw error;
  }
  return createStore(database, options.clock);
}

/** What is known of a database without changing it; version 0: none. Rejects as `openStore` does. */
export async function inspectStore(
  url: string,
  options: { readonly clock: Clock },
): Promise<{ readonly schemaVersion: number; readonly isCurrent: boolean; readonly restored: RestoredState | null }> {
  const database = openDatabase(url, options.clock);
  try {
    const schemaVersion = await database.schemaVersion();
    const isCurrent = schemaVersion >= SCHEMA_VERSION && (await database.serves());
    return {
      schemaVersion,
      isCurrent,
      restored: isCurrent ? await database.read(() => restored.findRestored()) : null,
    };
  } catch (error) {
    if (error instanceof StoreUnavailable || error instanceof StoreDamaged) throw error;
    return { schemaVersion: 0, isCurrent: false, restored: null };
  } finally {
    await database.close();
  }
}

function openDatabase(url: string, clock: Clock): Database {
  if (url.startsWith('sqlite:')) return openSqlite(url.slice('sqlite:'.length), clock);
  if (/^postgres(ql)?:\/\//.test(url)) return openPostgres(url);
  throw new TypeError('a database URL begins with sqlite: or postgres://');
}

const hasChanged = ({ kind }: PutTemplateResult): boolean => kind === 'new' || kind === 'revived';

/** Every verb is its steps, run by the database. */
function createStore(database: Database, clock: Clock): Store {
  const read = database.read.bind(database);
  let onEnded: Parameters<Store['onEnded']>[0] = () => {};
  async function write<T>(steps: () => Steps<T>): Promise<T> {
    let told: Ends[] = [];
    const result = await database.write(() => {
      // A transaction that has to begin again tells it again.
      told = [];
      return hearEnds(steps(), told);
    });
    if (told.length > 0) onEnded(told);
    return result;
  }
  const writeAlone = database.writeAlone.bind(database);
  const inTurn = atMost({ count: database.acceptsAtOnce, clock, patienceMs: CONNECT_MS });
  return {
    kind: database.kind,
    async accept(request) {
      const written = writeRecipients(request);
      const result = await inTurn(() => write(() => notifications.accept(written)));
      if (result.kind === 'accepted') database.announce();
      return result;
    },
    findReply: (scope) => read(() => replies.findReply(scope)),
    tellAccepted: (request) => write(() => backlogs.tellAccepted(request)),

    openAudience: (request) => write(() => audiences.openAudience(request)),
    findAudience: (key) => read(() => audiences.findAudience(key)),
    listGathered: (request) => read(() => audiences.listGathered(request)),
    listChunks: (request) => read(() => audiences.listChunks(request)),
    addChunk: (request) =>
      inTurn(() => write(() => audited(request, audiences.addChunk(request), ({ kind }) => kind === 'accepted'))),
    sealAudience: (request) =>
      write(() => audited(request, audiences.sealAudience(request), ({ kind }) => kind === 'sealed')),
    async advanceAudience(request) {
      const isMoving = await write(() => audienceSteps.advanceAudience(request));
      if (isMoving) database.announce();
      return isMoving;
    },

    listQueues: (request) => read(() => batches.listQueues(request)),
    claimDue: (request) => writeAlone(() => batches.claimDue(request)),
    extendLeases: (request) => writeAlone(() => batches.extendLeases(request)),
    listLoggedSeqs: (request) => read(() => batches.listLoggedSeqs(request)),
    checkpoint: (request) => write(() => checkpoint(request)),
    voidLeases: () => write(() => batches.voidLeases()),

    cancel: (request) => write(() => audited(request, cancel.cancel(request), Boolean)),
    tallyCancelled: (key) => write(() => cancel.tallyCancelled(key)),
    endCancelled: (request) => write(() => cancel.endCancelled(request)),

    pause: (request) => write(() => audited(request, pauses.pause(request), Boolean)),
    resume: (request) => write(() => audited(request, pauses.resume(request), Boolean)),
    tallyPaused: (key) => write(() => pauses.tallyPaused(key)),
    async settlePauses(request) {
      const moved = await write(() => pauses.settlePauses(request));
      if (moved > 0) database.announce();
      return moved;
    },
    extend: (request) => write(() => audited(request, pauses.extend(request), Boolean)),
    async reschedule(request) {
      const result = await write(() => audited(request, reschedule(request), (made) => made === 'rescheduled'));
      database.announce();
      return result;
    },
    async retry(request) {
      const answer = await write(() => audited(request, retries.retry(request), ({ kind }) => kind === 'retrying'));
      database.announce();
      return answer;
    },
    findRetry: (request) => read(() => retries.findRetry(request)),
    async goOnRetrying(request) {
      const looked = await write(() => retries.goOnRetrying(request));
      if (looked > 0) database.announce();
      return looked;
    },
    listChanged: (request) => read(() => listChanged(request)),
    listRuled: (page) => read(() => rules.listRuled(page)),
    concludeCanary: (request) => write(() => rules.concludeCanary(request)),
    endRules: (key) => write(() => rules.endRules(key)),

    listCallbackWatches: (page) => read(() => callbacks.listCallbackWatches(page)),
    addCallbacks: (request) => write(() => callbacks.addCallbacks(request)),
    // Asked again and again where there may never be any, so it begins no transaction that writes for nothing.
    claimCallbacks: async (request) =>
      (await read(() => callbacks.isAnyDue())) ? writeAlone(() => callbacks.claimCallbacks(request)) : [],
    settleCallback: (request) => write(() => callbacks.settleCallback(request)),
    listCallbacks: (key) => read(() => callbacks.listCallbacks(key)),

    shareRates: (request) => write(() => rateShares.shareRates(request)),
    reserveCalls: (request) => writeAlone(() => scopeCalls.reserveCalls(request)),

    findNotifications: (request) => read(() => notifications.findNotifications(request)),
    findSummaries: (request) => read(() => notifications.findSummaries(request)),
    findNotification: (key) => read(() => notifications.findNotification(key)),
    listNotifications: (page) => read(() => notifications.listNotifications(page)),
    listLogs: (request) => read(() => notifications.listLogs(request)),
    listLedger: (request) => read(() => ledger.listLedger(request)),
    tallyReasons: (key) => read(() => ledger.tallyReasons(key)),
    countReasons: (request) => read(() => ledger.countReasons(request)),

    resolve: (request) => read(() => addresses.resolve(request)),
    upsertPeople: (request) => write(() => audited(request, people.upsertPeople(request))),
    listPeople: (request) => read(() => people.listPeople(request)),
    searchPeople: (request) => read(() => searchPeople(request)),
    findPerson: (request) => read(() => people.findPerson(request)),
    findPeople: (request) => read(() => people.findPeople(request)),
    deletePerson: (request) => write(() => audited(request, people.deletePerson(request), Boolean)),
    saveAddresses: (request) => write(() => addresses.saveAddresses(request)),
    forgetAddresses: (request) => write(() => addresses.forgetAddresses(request)),
    dropAddresses: (request) => write(() => addresses.dropAddresses(request)),
    markWorked: (request) => write(() => addresses.markWorked(request)),
    silence: (request) => write(() => silences.silence(request)),
    liftSilence: (request) => write(() => audited(request, silences.liftSilence(request), Boolean)),
    listSilenced: (request) => read(() => silences.listSilenced(request)),
    listSilences: (request) => read(() => silences.listSilences(request)),

    setPreferences: (request) => write(() => audited(request, preferences.setPreferences(request))),
    decline: (request) => write(() => preferences.decline(request)),
    takeBackDecline: (request) => write(() => preferences.takeBackDecline(request)),
    listPreferences: (request) => read(() => preferences.listPreferences(request)),
    listOptedOut: (request) => read(() => preferences.listOptedOut(request)),

    erase: (request) => write(() => audited(request, erasures.erase(request), Boolean)),
    findErasure: (key) => read(() => erasures.findErasure(key)),
    async goOnErasing(request) {
      const { isAny, isAnyWiped } = await read(() => erasures.findOpen());
      if (!isAny) return 0;
      if (isAnyWiped) {
        // Whoever reads in it keeps it, and the erasure is not over.
        const wal = await database.tidyWal({ fromBytes: 0 });
        if ((wal?.heldBy ?? null) === null) {
          await write(() => erasures.endWiped(request));
          return 1;
        }
      }
      return write(() => erasures.goOnErasing(request));
    },

    putTemplate: (request) => write(() => audited(request, templates.putTemplate(request), hasChanged)),
    findTemplate: (request) => read(() => templates.findTemplate(request)),
    listTemplates: (page) => read(() => templates.listTemplates(page)),
    listTemplateVersions: (request) => read(() => templates.listTemplateVersions(request)),
    archiveTemplate: (request) => write(() => audited(request, templates.archiveTemplate(request), Boolean)),

    recordReceipts: (request) => write(() => receipts.recordReceipts(request)),
    countReceipts: (key) => read(() => receipts.countReceipts(key)),
    listReceipts: (request) => read(() => receipts.listReceipts(request)),

    countCalls: (request) => write(() => callCounts.countCalls(request)),
    useJti: (request) => write(() => replies.useJti(request)),

    listAudit: (page) => read(() => listAudit(page)),
    findAuditHead: (request) => read(() => findAuditHead(request)),

    saveConfigured: (request) => write(() => configured.saveConfigured(request)),
    removeConfigured: (request) => write(() => configured.removeConfigured(request)),
    findConfigured: (key) => read(() => configured.findConfigured(key)),
    listConfigured: (page) => read(() => configured.listConfigured(page)),
    configuredVersion: () => read(() => configured.configuredVersion()),
    keepDataKey: (key) => write(() => dataKeys.keepDataKey(key)),
    findDataKey: (request) => read(() => dataKeys.findDataKey(request)),
    listDataKeys: (page) => read(() => dataKeys.listDataKeys(page)),
    rewrapDataKey: (request) => write(() => dataKeys.rewrapDataKey(request)),

    recordActivity: (report) => write(() => activity.recordActivity(report)),
    sumActivity: (request) => read(() => activity.sumActivity(request)),
    listConnectionStates: (request) => read(() => activity.listConnectionStates(request)),
    sumOpen: (request) => read(() => activity.sumOpen(request)),
    listMilestones: (key) => read(() => activity.listMilestones(key)),
    countEnds: (request) => read(() => activity.countEnds(request)),

    listOperators: () => read(() => operators.listOperators()),
    findOperator: (request) => read(() => operators.findOperator(request)),
    findAccount: (request) => read(() => operators.findAccount(request)),
    addOperator: (request) => write(() => operators.addOperator(request)),
    changeOperator: (request) => write(() => operators.changeOperator(request)),
    removeOperator: (request) => write(() => operators.removeOperator(request)),
    findByIdentity: (identity) => read(() => identities.findByIdentity(identity)),
    linkIdentity: (request) => write(() => identities.linkIdentity(request)),
    unlinkIdentities: (request) => write(() => identities.unlinkIdentities(request)),
    listWaysIn: () => read(() => identities.listWaysIn()),
    addLink: (request) => write(() => sessions.addLink(request)),
    findLink: (request) => read(() => sessions.findLink(request)),
    takeLink: (request) => write(() => sessions.takeLink(request)),
    redeemLink: (request) => write(() => operators.redeemLink(request)),
    openSession: (request) => write(() => sessions.openSession(request)),
    findSession: (request) => read(() => sessions.findSession(request)),
    touchSession: (request) => write(() => sessions.touchSession(request)),
    endSession: (request) => write(() => sessions.endSession(request)),
    endSessionsOf: (request) => write(() => sessions.endSessionsOf(request)),
    countSignIns: (request) => write(() => sessions.countSignIns(request)),
    forgiveSignIn: (request) => write(() => sessions.forgiveSignIn(request)),

    markRestored: (request) => write(() => restored.markRestored(request)),
    findRestored: () => read(() => restored.findRestored()),
    async endRestore(request) {
      const recipients = await write(() => restored.endRestore(request));
      database.announce();
      return recipients;
    },

    async prune(request) {
      await write(() => backlogs.mendBacklogs(request));
      return write(() => replies.prune(request));
    },
    enforceRetention: (request) => write(() => enforceRetention(request)),
    tidyWal: (request) => database.tidyWal(request),
    now: () => read(() => batches.leaseClock()),
    ping: async () => {
      await database.schemaVersion();
    },
    schemaVersion: () => database.schemaVersion(),
    onWake: (listener) => database.onWake(listener),
    onEnded(listener) {
      onEnded = listener;
    },
    close: () => database.close(),
  };
}
