import type { AudiencePlan } from '../model/audience.ts';
import type { AuditEntry, AuditHead, AuditRecord } from '../model/audit.ts';
import type { CallbackEvent } from '../model/callback.ts';
import type { Size } from '../model/lane.ts';
import type { Receipt, ReceiptCounts } from '../model/news.ts';
import type {
  Counts,
  FinalState,
  Lane,
  Log,
  Notification,
  NotificationStatus,
  NotificationSummary,
  PauseReason,
  Recipient,
} from '../model/notification.ts';
import type { Address } from '../model/outcome.ts';
import type { About, AddressSource, Person } from '../model/person.ts';
import type { Reason } from '../model/reasons.ts';

/**
 * What is durable, in the order of a notification's life. Every verb takes one readonly object and is one
 * transaction: when its promise resolves the change is committed and fsynced; when it rejects nothing happened, except
 * with `StoreUnavailable`, after which the outcome is unknown and the caller asks again by key. `null` means absent.
 * Times are epoch milliseconds; leases run on the store's own clock.
 */
export interface Store {
  readonly kind: 'sqlite' | 'postgres';

  // --- accept
  /** Notification, its batches and the idempotency record become durable together, or the earlier answer comes back. */
  accept(request: AcceptRequest | WrittenAcceptRequest): Promise<AcceptResult>;
  findReply(scope: IdempotencyScope): Promise<StoredReply | null>;
  /**
   * Counts what was accepted since this process last told, and answers how many recipients have no end yet: of each of
   * these bots, in order, and of all. Exact but for what other processes have not told yet, or were killed before.
   */
  tellAccepted(request: {
    /** Each bot once; those that are only asked about with 0. */
    readonly accepted: readonly Backlog[];
  }): Promise<{ readonly bots: readonly Backlog[]; readonly all: number }>;

  // --- audience
  /** Opens a notification whose recipients come later: nobody of them is sent anything before it is sealed. */
  openAudience(request: OpenAudience): Promise<AcceptResult | { readonly kind: 'too_many' }>;
  /** Null: there is none, or it is sealed. */
  findAudience(key: NotificationKey): Promise<Audience | null>;
  /** Keyset pages by number. */
  listChunks(request: NotificationKey & { readonly after: number; readonly limit: number }): Promise<Chunk[]>;
  /** Takes a chunk of recipients, once: the same again changes nothing. */
  addChunk(request: AddChunk): Promise<ChunkResult>;
  /**
   * Nobody more is added, and everybody who was is to be sent the notification, or ends as cancelled. Does nothing
   * where the audience is not what the caller says it is.
   */
  sealAudience(request: SealAudience): Promise<SealResult>;
  /**
   * One step of whatever an audience needs, `limit` rows at the most: what nobody sealed in time is thrown away, and what
   * only served to receive recipients. False: nothing is to be done now.
   */
  advanceAudience(request: { readonly at: number; readonly limit: number }): Promise<boolean>;

  // --- work
  /** Queues that hold anything, by lane, then bot, then connection, then size, beginning after `after`. */
  listQueues(request: { readonly after: Queue | null; readonly limit: number }): Promise<QueueState[]>;
  /** Takes up to `limit` due batches of one queue: token + 1, owner, lease. */
  claimDue(request: ClaimRequest): Promise<ClaimedBatch[]>;
  /** Extends the leases that are still held by their token; the answer holds those and only those. */
  extendLeases(request: { readonly held: readonly HeldBatch[]; readonly leaseMs: number }): Promise<HeldBatch[]>;
  /** Which of the batch's recipients have a log already (asked after a take-over). */
  listLoggedSeqs(request: { readonly batch: BatchKey; readonly seqs: readonly number[] }): Promise<number[]>;
  /**
   * Records what happened, for every batch that is still held; the others change nothing and are named as lost.
   * `again`: the same checkpoint was sent before and its fate is unknown, so logs that are already there are skipped.
   */
  checkpoint(request: CheckpointRequest): Promise<{ readonly lost: HeldBatch[] }>;
  /** Makes every leased batch claimable at once. Only for a process that knows it is alone (SQLite at start). */
  voidLeases(): Promise<number>;

  /**
   * Divides documented rates between the nodes that use them, and tells each what providers asked of the others, what is
   * held and who of them may find out whether it works again. A node
   * asks again and again while it needs a rate; what it was given lasts `holdMs` from before it asked.
   */
  shareRates(request: ShareRates): Promise<RateShare[]>;
  /**
   * Reserves calls within the limits of scopes that several nodes may call. What was granted may begin for `holdMs` from
   * before it was asked for; then it lapses, and counts as made. In place of an answer null: another node asked for the
   * same scope in the same moment, and nothing of what was asked or told has happened.
   */
  reserveCalls(request: ReserveCalls): Promise<(Reserved | null)[]>;

  // --- cancel
  /**
   * Marks a notification that is not finished: nobody more of it shall be sent anything. Asking twice is asking once.
   * Whoever claims has to ask `listChanged` after the claim, and whoever tells a caller has to tally after the mark:
   * then nobody who was counted as cancelled is sent anything any more. False: it was marked or finished already.
   */
  cancel(request: NotificationKey & Audited & { readonly at: number }): Promise<boolean>;
  /** Where everybody of a cancelled notification is, at one moment. Null: there is no such notification. */
  tallyCancelled(key: NotificationKey): Promise<CancelTally | null>;
  /**
   * Ends batches of cancelled notifications that nobody works on, `limit` at the most: those that wait, and those whose
   * owner died. Answers how many.
   */
  endCancelled(request: { readonly at: number; readonly limit: number }): Promise<number>;

  // --- pause
  /**
   * Marks a notification that is neither finished nor cancelled: nobody more of it shall be sent anything until it is
   * resumed or its deadline has come. Asking twice is asking once; the first reason stays. Claims and tallies as with `cancel`.
   * False: it was marked already, or cannot be.
   */
  pause(request: NotificationKey & Audited & { readonly at: number; readonly reason: PauseReason }): Promise<boolean>;
  /** Takes the mark away. False: there was none. */
  resume(request: NotificationKey & Audited): Promise<boolean>;
  /** Where everybody of a notification is, at one moment. Null: there is no such notification. */
  tallyPaused(key: NotificationKey): Promise<PauseTally | null>;
  /**
   * Parks batches of notifications that were paused and lets go those of resumed ones, and of those whose deadline has
   * come, `limit` at the most. Answers how many.
   */
  settlePauses(request: { readonly at: number; readonly limit: number }): Promise<number>;
  /**
   * Gives a notification that is neither finished nor cancelled a later deadline, and one that counts however long its lane
   * would try. False: nothing changed.
   */
  extend(request: NotificationKey & Audited & { readonly at: number; readonly expiresAt: number }): Promise<boolean>;
  /** Those of these notifications of which something was asked since they were accepted. */
  listChanged(request: { readonly notifications: readonly NotificationKey[] }): Promise<Change[]>;
  // --- rules
  /** Notifications that were sent by rules which have not done yet what they do; by key. */
  listRuled(request: { readonly after: NotificationKey | null; readonly limit: number }): Promise<RuledNotification[]>;
  /**
   * The canary of a notification was judged: it is paused, or those who follow are let go. False: it was judged before, or
   * there is nothing more to send.
   */
  concludeCanary(request: NotificationKey & { readonly at: number; readonly pauses: boolean }): Promise<boolean>;
  /** There is nothing more for them to do. */
  endRules(key: NotificationKey): Promise<void>;

  // --- callbacks
  /** Of which notifications somebody is to be told, and how far each is; by key. */
  listCallbackWatches(request: {
    readonly after: NotificationKey | null;
    readonly limit: number;
  }): Promise<CallbackWatch[]>;
  /** Writes down what is to be told. What was before, whoever did, stays as it is. */
  addCallbacks(request: AddCallbacks): Promise<void>;
  /** Takes what may be tried now: token + 1, and nobody else's for `leaseMs`. */
  claimCallbacks(request: ClaimCallbacks): Promise<ClaimedCallback[]>;
  /** False: somebody else has claimed it since, and nothing is changed. */
  settleCallback(request: SettleCallback): Promise<boolean>;
  listCallbacks(key: NotificationKey): Promise<CallbackLine[]>;

  // --- retry
  /**
   * Makes recipients pending again whom a notification did not reach, by state and reason: their logs go, the counters
   * move back, and they come due with a full number of attempts. Goes through a first stretch at once, and
   * `goOnRetrying` through the rest.
   */
  retry(request: RetryRequest): Promise<RetryAnswer>;
  findRetry(request: NotificationKey & { readonly no: number }): Promise<RetryState | null>;
  /** One stretch of a retry that is not over. Answers how many recipients were looked at; 0: there is nothing to do now. */
  goOnRetrying(request: { readonly at: number }): Promise<number>;

  // --- look
  findNotification(key: NotificationKey): Promise<NotificationStatus | null>;
  /** In any order; unknown ones are absent. */
  findNotifications(request: { readonly notifications: readonly NotificationKey[] }): Promise<NotificationStatus[]>;
  /** The same without what they say. */
  findSummaries(request: { readonly notifications: readonly NotificationKey[] }): Promise<NotificationSummary[]>;
  /** Newest first; a page costs the same wherever it begins and however much there is. */
  listNotifications(request: NotificationPage): Promise<NotificationSummary[]>;
  listLogs(request: NotificationKey & { readonly afterSeq: number; readonly limit: number }): Promise<Log[]>;

  /** By seq: those of a stretch whose delivery has ended and who fit the filter. A caller keeps stretches short. */
  listLedger(request: LedgerStretch): Promise<LedgerLine[]>;
  /**
   * How often each reason was given, and the counters of the same moment, so that they add up. `reasons` null: so many
   * were not reached that counting them at once would hold up others. Null: there is no such notification.
   */
  tallyReasons(key: NotificationKey): Promise<ReasonTally | null>;
  /** The same of a stretch: for whoever counts a notification that has ended piece by piece. */
  countReasons(request: Omit<LedgerStretch, 'limit' | 'filter'>): Promise<NonNullable<ReasonTally['reasons']>>;

  // --- directory
  /** One query: what is known of each identity (in `identityKey` form) on one connection. Unknown ones are absent. */
  resolve(request: ResolvePeople): Promise<Map<string, Resolved>>;
  upsertPeople(request: Audited & { readonly people: readonly Person[] }): Promise<void>;
  /** Keyset pages by person id. */
  listPeople(request: { readonly botId: string; readonly afterId: string; readonly limit: number }): Promise<Person[]>;
  findPerson(request: { readonly botId: string; readonly personId: string }): Promise<Person | null>;
  /** The people of these ids, in any order; unknown ones are absent. */
  findPeople(request: { readonly botId: string; readonly personIds: readonly string[] }): Promise<Person[]>;
  deletePerson(request: Audited & { readonly botId: string; readonly personId: string }): Promise<boolean>;
  saveAddresses(request: { readonly addresses: readonly LearnedAddress[] }): Promise<void>;
  forgetAddresses(request: { readonly addresses: readonly ForgottenAddress[] }): Promise<void>;
  /** Somebody left: addresses on the connection that were learnt by `until` go. */
  dropAddresses(request: DropRequest): Promise<void>;
  /** These addresses were good at `at`. */
  markWorked(request: WorkedRequest): Promise<void>;
  /** Nobody writes to these identities on the connection until they are welcome again; the newest word counts. */
  silence(request: SilenceRequest): Promise<void>;
  /** The identity is welcome again, whatever was said until now. False: it was not silenced. */
  liftSilence(request: Audited & LiftRequest): Promise<boolean>;
  /** Which of the identities are silenced, and why. */
  listSilenced(request: ResolveRequest): Promise<Map<string, SilenceReason>>;
  /** Keyset pages by identity. */
  listSilences(request: SilencePage): Promise<Silence[]>;

  // --- preferences
  /** Replaces what a person does not want to be sent. */
  setPreferences(request: Audited & PreferencesRequest): Promise<void>;
  /** By category, then channel. */
  listPreferences(request: { readonly botId: string; readonly personId: string }): Promise<OptOut[]>;
  /** Who of these people wants nothing of the category over the channel. */
  listOptedOut(request: OptedOutRequest): Promise<string[]>;

  // --- templates
  /** Makes a new version of what is said, unless the newest says the same already; brings back one that was archived. */
  putTemplate(request: Audited & PutTemplate): Promise<PutTemplateResult>;
  /** `version` null: the newest. Archived ones are found too. */
  findTemplate(request: {
    readonly botId: string;
    readonly name: string;
    readonly version: number | null;
  }): Promise<FoundTemplate | null>;
  /** The newest version of each that is not archived, by name. */
  listTemplates(request: TemplatePage): Promise<TemplateSummary[]>;
  /** Newest first, beginning below `before`. */
  listTemplateVersions(request: {
    readonly botId: string;
    readonly name: string;
    readonly before: number;
    readonly limit: number;
  }): Promise<TemplateSummary[]>;
  /** False: there was none, or it was archived before. */
  archiveTemplate(
    request: Audited & { readonly botId: string; readonly name: string; readonly at: number },
  ): Promise<boolean>;

  // --- receipts
  /**
   * Takes what providers say later; receipts of other connections or recipients that do not exist are dropped. None
   * goes backwards. Answers how many changed something.
   */
  recordReceipts(request: RecordReceipts): Promise<number>;
  countReceipts(key: NotificationKey): Promise<ReceiptCounts>;
  /** Of the recipients from `fromSeq` to `toSeq`, both included; those without one are absent. */
  listReceipts(request: NotificationKey & { readonly fromSeq: number; readonly toSeq: number }): Promise<Receipt[]>;

  // --- access
  /** True the first time an app uses this jti, false for ever after (until `expiresAt`). */
  useJti(request: { readonly appId: string; readonly jti: string; readonly expiresAt: number }): Promise<boolean>;

  /** Admits calls of bots within limits that hold over all nodes, and counts those it admits. */
  countCalls(request: CountCalls): Promise<CallCount[]>;

  // --- audit
  /** Whoever changes something hands in who asked for it; see `Audited`. Here it is read. */
  listAudit(page: AuditPage): Promise<AuditRecord[]>;
  /** Where the chain ends, kept apart from it: what was cut off its end is missed. */
  findAuditHead(request: { readonly botId: string | null }): Promise<AuditHead>;

  // --- configured over the API
  /** What is the same leaves no trace. */
  saveConfigured(request: SaveConfigured): Promise<'created' | 'changed' | 'same'>;
  /** A bot goes with all that is configured for it. False: there is none. */
  removeConfigured(request: RemoveConfigured): Promise<boolean>;
  findConfigured(key: ConfiguredKey): Promise<Configured | null>;
  /** Keyset pages, by bot. */
  listConfigured(page: ConfiguredPage): Promise<Configured[]>;
  /** Moves with every change. */
  configuredVersion(): Promise<number>;
  /** Answers the key that is kept: another node may have been first. */
  keepDataKey(key: DataKey): Promise<DataKey>;
  /** `version` null: the latest. */
  findDataKey(request: { readonly botId: string; readonly version: number | null }): Promise<DataKey | null>;
  listDataKeys(page: DataKeyPage): Promise<DataKey[]>;
  /** False: it is wrapped by another master key than `from`. */
  rewrapDataKey(request: RewrapDataKey): Promise<boolean>;

  // --- after a restore
  /**
   * The database came out of a backup: no queue is listed and nothing is claimed until `endRestore`. Whoever holds a
   * lease loses it. Answers how many recipients are outstanding; changes nothing when it is marked already.
   */
  markRestored(request: { readonly at: number }): Promise<RestoredState>;
  /** Null: nothing waits for a decision. */
  findRestored(): Promise<RestoredState | null>;
  /**
   * `release`: what was outstanding in the backup is sent, marked as maybe sent before. `conclude`: it ends as
   * `unknown`. What was accepted since the restore is sent either way. Answers how many recipients it concerned.
   */
  endRestore(request: { readonly decision: RestoreDecision; readonly at: number }): Promise<number>;

  // --- upkeep
  /** Deletes what time has made useless (idempotency records, used jtis); bounded per call, answers how many. */
  prune(request: { readonly now: number; readonly limit: number }): Promise<number>;
  /**
   * Empties the log that SQLite writes ahead of its file if it is `fromBytes` or longer, unless another process reads in
   * the file. Null: there is no such log.
   */
  tidyWal(request: { readonly fromBytes: number }): Promise<WalState | null>;
  /** The clock that leases run on. */
  now(): Promise<number>;
  /** Rejects when the store cannot be reached. */
  ping(): Promise<void>;
  schemaVersion(): Promise<number>;
  /** Calls back when another process may have made work ready. Hints only: polling finds everything. */
  onWake(listener: () => void): void;
  close(): Promise<void>;
}

/** Who asked for a change: kept in its transaction, at the end of the bot's chain, if it changed anything. */
export interface Audited {
  readonly audit?: AuditEntry;
}

export interface AuditPage {
  readonly botId: string | null;
  readonly newestFirst: boolean;
  /** The seq of the first on the page. */
  readonly from: number;
  readonly limit: number;
}

export interface ConfiguredKey {
  /** Empty: of no one bot. */
  readonly botId: string;
  readonly kind: 'bot' | 'app' | 'connection';
  readonly id: string;
}

export interface Configured extends ConfiguredKey {
  /** JSON, without secrets. */
  readonly document: string;
  /** Its secrets; null: it has none. */
  readonly sealed: string | null;
}

export interface SaveConfigured {
  readonly row: Configured;
  readonly audit: AuditEntry;
}

export interface RemoveConfigured {
  readonly key: ConfiguredKey;
  readonly audit: AuditEntry;
}

export interface ConfiguredPage {
  readonly after: ConfiguredKey | null;
  readonly limit: number;
}

/** What seals the secrets of a bot; `wrapped` by the master key that is called `master`. */
export interface DataKey {
  /** Empty: of no one bot. */
  readonly botId: string;
  readonly version: number;
  readonly master: string;
  readonly wrapped: string;
}

export interface DataKeyPage {
  readonly after: Pick<DataKey, 'botId' | 'version'> | null;
  readonly limit: number;
}

export interface RewrapDataKey {
  readonly from: string;
  readonly to: DataKey;
}

export interface NotificationKey {
  readonly botId: string;
  readonly notificationId: string;
}

export interface NotificationPage {
  readonly botId: string;
  /** Those of other channels are left out. */
  readonly channels: readonly string[];
  /** Null: both those that are finished and those that are not. */
  readonly finished: boolean | null;
  /** What comes after this one; null: from the newest on. */
  readonly after: { readonly createdAt: number; readonly id: string } | null;
  readonly limit: number;
}

export interface AcceptRequest {
  readonly notification: Notification;
  /** All recipients, seq ascending from 0, but for those who are suppressed. */
  readonly recipients: readonly Recipient[];
  /** The ends of those who are left out from the beginning; absent: nobody is. */
  readonly suppressed?: readonly Log[];
  /** Through which of its connections each begins; absent: the notification's own. */
  readonly connectionOf?: (recipient: Recipient) => string;
  /** Delay before the first attempt, ms. */
  readonly delayMs: number;
  readonly idempotency: (IdempotencyScope & StoredReply) | null;
}

/** The same with the recipients as they are stored, in batches: a few long strings are quickly copied between threads. */
export interface WrittenAcceptRequest extends Omit<AcceptRequest, 'recipients' | 'connectionOf'> {
  readonly batches: readonly WrittenBatch[];
}

export interface WrittenBatch {
  readonly batchNo: number;
  readonly recipients: string;
  readonly connectionId?: string;
}

/** What was asked, before it is known how many it is for. */
export interface AskedNotification extends Omit<Notification, 'total' | 'expiresAt'> {
  /** Null: as if it had been asked for when it is sealed. */
  readonly expiresAt: number | null;
}

export interface OpenAudience {
  readonly asked: AskedNotification;
  readonly plan: AudiencePlan;
  /** Unsealed until then, it is thrown away. */
  readonly endsAt: number;
  /** A bot may have so many that are not sealed. */
  readonly most: number;
  readonly idempotency: AcceptRequest['idempotency'];
}

export interface Audience {
  readonly asked: AskedNotification;
  readonly plan: AudiencePlan;
  /** Of all chunks so far. */
  readonly recipients: number;
  /** Of these, will not be sent anything. */
  readonly suppressed: number;
  /** When it is thrown away if nobody seals it. */
  readonly endsAt: number;
}

export interface Chunk {
  readonly chunk: number;
  /** SHA-256 of its bytes, hex. */
  readonly digest: string;
  readonly recipients: number;
  readonly suppressed: number;
}

export interface AddChunk extends NotificationKey, Audited {
  readonly chunk: number;
  readonly digest: string;
  /** Seq counted from 0; it goes on from those who are there already. */
  readonly recipients: readonly Recipient[];
  readonly at: number;
}

export type ChunkResult =
  | TakenChunk
  /** Other content has this number; there is none, or it is sealed. */
  | { readonly kind: 'conflict' | 'absent' };

/** `known`: it was taken before. */
export interface TakenChunk extends Omit<Chunk, 'digest'> {
  readonly kind: 'accepted' | 'known';
}

export interface SealAudience extends NotificationKey, Audited {
  /** Recipients and chunks it is to have; null: whatever it has. Chunks are numbered from 0. */
  readonly expected: { readonly recipients: number; readonly chunks: number | null } | null;
  /** From then on it counts as created. */
  readonly at: number;
  /** Nobody of them is sent anything: all end as cancelled. Where there is nobody, nothing remains of it. */
  readonly isCancelled: boolean;
}

export type SealResult =
  | { readonly kind: 'sealed' | 'empty' | 'absent' }
  /** `missing`: numbers of chunks that are not there, the first few. */
  | { readonly kind: 'incomplete'; readonly recipients: number; readonly chunks: number; readonly missing: number[] };

/** Recipients of a bot. */
export interface Backlog {
  readonly botId: string;
  readonly recipients: number;
}

export type AcceptResult = { readonly kind: 'accepted' } | { readonly kind: 'replay'; readonly reply: StoredReply };

export interface IdempotencyScope {
  readonly botId: string;
  readonly appId: string;
  readonly route: string;
  readonly key: string;
}

/** A reply kept for 72 h. `fingerprint` is SHA-256 over media type and raw body, hex. */
export interface StoredReply {
  readonly fingerprint: string;
  readonly status: number;
  readonly body: string;
  readonly createdAt: number;
}

/** The unit of fairness: what one bot sends through one connection in one lane, small notifications apart from large. */
export interface Queue {
  readonly lane: Lane;
  readonly size: Size;
  readonly botId: string;
  readonly connectionId: string;
}

export interface QueueState {
  readonly queue: Queue;
  /** Ms until its earliest batch can be claimed; 0 or less: now. */
  readonly dueInMs: number;
}

export interface ClaimRequest {
  readonly queue: Queue;
  readonly owner: string;
  readonly leaseMs: number;
  readonly limit: number;
  /** Leaves alone what so many owners, or more, have died with, the last one counted; default: nothing. */
  readonly takeoversBelow?: number;
}

export interface BatchKey extends NotificationKey {
  /** The seq of the batch's first recipient. */
  readonly batchNo: number;
}

export interface HeldBatch extends BatchKey {
  /** The fence: a number that proves the lease is still ours. */
  readonly token: number;
}

export interface ClaimedBatch extends HeldBatch {
  readonly queue: Queue;
  readonly recipients: readonly Recipient[];
  /** How many owners died with it. Above 0, any recipient without a log may have been sent the message. */
  readonly takeovers: number;
}

export interface CheckpointRequest {
  readonly batches: readonly BatchProgress[];
  readonly again: boolean;
}

/** What became of a held batch since the last checkpoint. */
export interface BatchProgress {
  readonly batch: HeldBatch;
  readonly logs: readonly Log[];
  /** Non-null ends the batch: it is deleted and what remains becomes these smaller batches. */
  readonly remainder: readonly Remainder[] | null;
  /** Those of `logs` whom it did not reach and who were to be sent something of their own, so that they can be retried. */
  readonly kept?: readonly Recipient[];
}

export interface Remainder {
  /** Seq ascending, not empty. */
  readonly recipients: readonly Recipient[];
  readonly delayMs: number;
  /** Goes on over another connection, where nobody has tried it yet. Absent: comes back where it was. */
  readonly connectionId?: string;
  /** It waits for a resume, if its notification is still paused. */
  readonly isParked?: boolean;
}

export interface RetryRequest extends NotificationKey, Audited {
  readonly at: number;
  readonly states: readonly FinalState[];
  /** Null: whatever it is. */
  readonly reasons: readonly Reason[] | null;
  /** Null: the deadline it has; where that is over, as long again as it had. */
  readonly expiresAt: number | null;
  /** The same key and fingerprint are the same retry. */
  readonly idempotency: Pick<IdempotencyScope & StoredReply, 'appId' | 'key' | 'fingerprint'> | null;
}

export type RetryAnswer =
  | { readonly kind: 'retrying' | 'replay'; readonly state: RetryState }
  /** There is no such notification; it was cancelled; another retry is not over; the key was used with another body. */
  | { readonly kind: 'unknown' | 'cancelled' | 'running' | 'reused' };

export interface RetryState {
  /** From 1, of its notification. */
  readonly no: number;
  /** Are pending again. */
  readonly retried: number;
  /** Fit and stay: the provider says they have it, or what they alone were to be sent is not known any more. */
  readonly leftOut: number;
  readonly isOver: boolean;
}

/** What was asked of a notification since it was accepted. */
export interface Change extends NotificationKey {
  readonly isCancelled: boolean;
  readonly isPaused: boolean;
  /** Its deadline, epoch ms, where that is not what it was accepted with any more. */
  readonly expiresAt: number | null;
}

/** Each recipient is counted once. */
export interface PauseTally {
  /** Null: it is not paused. */
  readonly pausedAt: number | null;
  readonly reason: PauseReason | null;
  /** Are not being sent it: while it is paused nobody of them will be. */
  readonly waiting: number;
  /** In batches that a worker holds, may hold without knowing yet, or has died with: maybe sent. */
  readonly inFlight: number;
  readonly alreadyFinal: number;
}

/** Each recipient is counted once. */
export interface CancelTally {
  /** Null: it was finished before anybody asked. */
  readonly cancelledAt: number | null;
  /** Will not be sent it, by this cancel. */
  readonly cancelled: number;
  /** In the hands of a worker that may not know yet, or may have died with them: maybe sent. */
  readonly inFlight: number;
  /** Ended in another way before. */
  readonly alreadyFinal: number;
}

export interface RuledNotification {
  readonly notification: NotificationSummary;
  /** From this seq on all wait until the canary was judged; null: nobody does. */
  readonly heldFrom: number | null;
}

export interface CallbackWatch extends NotificationKey {
  /** See `dueEvents`. */
  readonly told: number;
  /** Null: it is there no more. */
  readonly notification: NotificationSummary | null;
}

export interface AddCallbacks {
  readonly callbacks: readonly NewCallback[];
  /** How far each has been told with them; never goes back. */
  readonly told: readonly (NotificationKey & { readonly told: number })[];
  /** Of these there is nothing more to tell. */
  readonly over: readonly NotificationKey[];
}

export interface NewCallback extends CallbackKey {
  readonly event: CallbackEvent;
  readonly connectionId: string;
  /** Exactly what is sent, each time. */
  readonly body: string;
  readonly at: number;
}

export interface CallbackKey extends NotificationKey {
  readonly eventNo: number;
}

export interface ClaimCallbacks {
  readonly limit: number;
  readonly leaseMs: number;
  /** Nothing of theirs. */
  readonly busyBots: readonly string[];
}

export interface ClaimedCallback extends CallbackKey {
  /** How often it was claimed: the fence. */
  readonly token: number;
  readonly connectionId: string;
  readonly body: string;
  readonly tries: readonly TriedCallback[];
}

export interface TriedCallback {
  readonly at: number;
  /** Null: there was no answer. */
  readonly status: number | null;
  /** A clean sentence; null: it was taken. */
  readonly detail: string | null;
  readonly durationMs: number;
}

export interface SettleCallback {
  readonly callback: CallbackKey & { readonly token: number };
  /** All there were. */
  readonly tries: readonly TriedCallback[];
  readonly next: { readonly delayMs: number } | 'delivered' | 'given_up';
}

export interface CallbackLine extends Pick<NewCallback, 'eventNo' | 'event' | 'connectionId'> {
  readonly createdAt: number;
  /** When it is tried next at the latest; null: never. */
  readonly dueAt: number | null;
  readonly state: 'pending' | 'delivered' | 'given_up';
  readonly tries: readonly TriedCallback[];
}

/** The recipients after `afterSeq`, `untilSeq` included. */
export interface LedgerStretch extends NotificationKey {
  readonly afterSeq: number;
  readonly untilSeq: number;
  readonly limit: number;
  readonly filter: LedgerFilter;
}

/** Null: whatever it is. Letters from A to Z of an identity are compared as if they were small. */
export interface LedgerFilter {
  readonly states: readonly FinalState[] | null;
  readonly reasons: readonly Reason[] | null;
  /** The whole identity, as the caller wrote it. */
  readonly identity: string | null;
  /** What it begins with. */
  readonly prefix: string | null;
}

/** What became of a recipient, and what the provider said of it later. */
export interface LedgerLine {
  readonly log: Log;
  readonly receipt: Receipt | null;
}

export interface ReasonTally {
  readonly counts: Counts;
  /** Of those who were not reached; a reason nobody has is absent. */
  readonly reasons: Readonly<Partial<Record<Reason, number>>> | null;
}

export interface ShareRates {
  readonly node: string;
  readonly holdMs: number;
  /** Each account once. */
  readonly asks: readonly RateAsk[];
}

export interface RateAsk {
  readonly account: string;
  /** The limit: so many calls in any so many ms; 0 calls: there is none to share. */
  readonly calls: number;
  readonly windowMs: number;
  /** What the node cannot let go yet, and keeps to until it has the answer. */
  readonly keeps: number;
  /** How many calls a window it could use. */
  readonly wants: number;
  /** What the provider asked of it since it last told. */
  readonly slowed: Slowed | null;
  /** Each name once, the account's own breaker first: whoever may not call the account probes nothing in it. */
  readonly holds: readonly HoldAsk[];
}

/** Something in an account is not called for a while, or only to find out whether it works again. */
export interface HoldAsk {
  readonly name: string;
  /** What has become of it here since the store was last told; null: nothing. */
  readonly news: ({ readonly kind: 'held' } & HoldState) | { readonly kind: 'mended' } | null;
  /** A probe is out or wanted. */
  readonly probe: boolean;
}

export interface HoldState {
  readonly heldMs: number;
  /** How often it was held without being mended. */
  readonly count: number;
  /** Probes that went well. */
  readonly successes: number;
  readonly why: string;
}

export interface HoldShare extends HoldState {
  readonly name: string;
  /** Nobody else probes until the answer lapses. */
  readonly mayProbe: boolean;
}

/** The provider asked an account to slow down. */
export interface Slowed {
  readonly pausedMs: number;
  /** The share of the rate that was in use from then, to grow from it. */
  readonly share: number;
  readonly agoMs: number;
  readonly why: string;
}

export interface RateShare {
  /** Calls in any window that are the node's; at least what it keeps. */
  readonly calls: number;
  /** What would be its part: if less than it has, others wait for the rest. */
  readonly fair: number;
  readonly slowed: Slowed | null;
  /** All of the account's; what is not named is not held. */
  readonly holds: readonly HoldShare[];
}

export interface ReserveCalls {
  readonly node: string;
  readonly holdMs: number;
  /** Each scope once. */
  readonly asks: readonly ScopeAsk[];
}

/** The same for one scope, whoever asks: all windows hold, and the bucket. */
export interface RateLimits {
  readonly windows: readonly { readonly calls: number; readonly ms: number }[];
  readonly bucket: { readonly burst: number; readonly everyMs: number } | null;
}

export interface ScopeAsk extends RateLimits {
  /** Unique over all accounts. */
  readonly scope: string;
  /** Calls that the node makes now, or still may begin by what it was granted; the rest it lets go. */
  readonly keeps: number;
  /** How many ms ago calls ended that it has not told of yet. */
  readonly ended: readonly number[];
  /** More calls. */
  readonly wants: number;
}

export interface Reserved {
  /** Of those that it wants. */
  readonly granted: number;
  /** When asking for the others may be worth it. */
  readonly waitMs: number;
}

export interface CountCalls {
  /** Each bot once. */
  readonly asks: readonly CallAsk[];
}

export interface CallAsk {
  readonly botId: string;
  readonly calls: number;
  /** Of the bot, rolling; 0: there is no such limit. */
  readonly perMinute: number;
  readonly perHour: number;
}

export interface CallCount {
  /** The first so many of those asked for. */
  readonly admitted: number;
  readonly minute: CallWindow;
  readonly hour: CallWindow;
}

export interface CallWindow {
  /** With those that were admitted now. */
  readonly used: number;
  /** Until a call that counts leaves the window; when it is full until it has room. */
  readonly freeInMs: number;
}

export interface ResolveRequest {
  readonly botId: string;
  readonly connectionId: string;
  readonly identities: readonly string[];
}

/** What is asked of people besides where they are reached. */
export interface ResolvePeople extends ResolveRequest {
  /** Also where they live and what they speak; absent: no, which costs a look-up less for each. */
  readonly about?: boolean;
}

export interface Resolved {
  readonly personId: string;
  readonly address: Address | null;
  /** When the address was last known to be good, epoch ms, to the day; null: never yet. */
  readonly workedAt: number | null;
  /** As it was imported; there if it was asked for. */
  readonly about?: About;
}

export interface OptOut {
  readonly category: string;
  /** Null: over any. */
  readonly channel: string | null;
}

export interface PreferencesRequest {
  readonly botId: string;
  readonly personId: string;
  readonly optOuts: readonly OptOut[];
  readonly at: number;
}

export interface OptedOutRequest {
  readonly botId: string;
  readonly category: string;
  readonly channel: string;
  readonly personIds: readonly string[];
}

export interface PutTemplate {
  readonly botId: string;
  readonly name: string;
  /** JSON; what is the same text says the same. */
  readonly definition: string;
  readonly createdBy: string;
  readonly at: number;
  /** Which version has to be the newest; 0: there must be none that is not archived; null: whatever there is. */
  readonly expected: number | null;
}

export interface PutTemplateResult {
  /** `revived`: the same as before it was archived. `conflict`: another version was expected, and nothing was changed. */
  readonly kind: 'new' | 'same' | 'revived' | 'conflict';
  /** The newest, 0: none. */
  readonly version: number;
}

export interface TemplatePage {
  readonly botId: string;
  readonly afterName: string;
  readonly limit: number;
}

export interface TemplateSummary {
  readonly name: string;
  readonly version: number;
  readonly createdBy: string;
  readonly createdAt: number;
}

export interface FoundTemplate extends TemplateSummary {
  readonly latest: number;
  readonly archivedAt: number | null;
  readonly definition: string;
}

/** An address that a send or a look-up taught us. The person is created when the identity is new. */
export interface LearnedAddress {
  readonly botId: string;
  readonly connectionId: string;
  readonly channel: string;
  readonly connectionName: string | null;
  readonly identity: string;
  /** Other names of the same person. The first that is known, `identity` before these, says who it is. */
  readonly alsoKnownAs?: readonly string[];
  readonly address: Address;
  readonly source: AddressSource;
  /** What is known since later stays. */
  readonly at: number;
}

export interface ForgottenAddress {
  readonly botId: string;
  readonly connectionId: string;
  readonly personId: string;
  /** Only if it is still this one: a newer address stays. */
  readonly channelId: string;
}

export interface DropRequest extends ResolveRequest {
  readonly until: number;
}

export interface WorkedRequest {
  readonly addresses: readonly { readonly botId: string; readonly personId: string; readonly connectionId: string }[];
  readonly at: number;
}

export type SilenceReason = 'opted_out' | 'address_dead';

export interface SilenceRequest {
  readonly botId: string;
  readonly connectionId: string;
  /** `reason` null: welcome again. */
  readonly entries: readonly (Omit<Silence, 'reason'> & { readonly reason: SilenceReason | null })[];
}

export interface LiftRequest {
  readonly botId: string;
  readonly connectionId: string;
  readonly identity: string;
  readonly at: number;
}

export interface Silence {
  readonly identity: string;
  readonly reason: SilenceReason;
  readonly detail: string | null;
  readonly at: number;
}

export interface SilencePage {
  readonly botId: string;
  readonly connectionId: string;
  readonly afterIdentity: string;
  readonly limit: number;
}

export interface RecordReceipts {
  readonly botId: string;
  readonly connectionId: string;
  readonly receipts: readonly (Receipt & { readonly notificationId: string })[];
}

export interface RestoredState {
  /** When it was marked, epoch ms. */
  readonly at: number;
  /** Recipients that were not final in the backup. */
  readonly recipients: number;
}

export type RestoreDecision = 'release' | 'conclude';

/** A write-ahead log. */
export interface WalState {
  readonly bytes: number;
  /**
   * It cannot be emptied, for these processes hold a snapshot that needs it: `process 123 (sqlite3)`. Empty: somebody
   * who cannot be named. Null: it can be emptied, or is too short to try.
   */
  readonly heldBy: readonly string[] | null;
}

/** Nothing new is taken, so that what was accepted has the room it needs; the HTTP layer answers 503 with Retry-After. */
export class StoreFull extends Error {
  override readonly name = 'StoreFull';
}

/** The store cannot be reached or broke off; the HTTP layer answers 503 with Retry-After. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** The file is no database, or not a sound one: whoever looks after the server has to put a backup in its place. */
export class StoreDamaged extends Error {
  override readonly name = 'StoreDamaged';
}
