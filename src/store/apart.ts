import { once } from 'node:events';
import { getCompileCacheDir } from 'node:module';
import { Worker } from 'node:worker_threads';
import { answerOf, questionOf } from './apart-crossings.ts';
import { type Message, Outbox, type Question, revive, type Verb } from './apart-messages.ts';
import type { Store } from './port.ts';

/** An installed package is compiled, name by name. */
const THREAD = new URL(import.meta.url.endsWith('.ts') ? './apart-thread.ts' : './apart-thread.js', import.meta.url);

/**
 * Opens a store as `openStore` does, by the system's clock, in a thread of its own: a commit waits for the disk, and
 * meanwhile this thread goes on sending and answering. Rejects as `openStore` does.
 */
export async function openStoreApart(url: string): Promise<Store> {
  // Without what the process has compiled already, the thread would load a compiler of its own: 30 MB.
  const cache = getCompileCacheDir();
  const worker = new Worker(THREAD, {
    name: 'store',
    workerData: url,
    env: cache === undefined ? {} : { NODE_COMPILE_CACHE: cache },
    argv: [],
    execArgv: [],
  });
  const apart = new StoreApart(worker);
  return apart.opened;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly unpack: (packed: unknown) => unknown;
  readonly reject: (error: Error) => void;
}

class StoreApart {
  readonly opened: Promise<Store>;
  readonly #worker: Worker;
  readonly #questions: Outbox<Question>;
  readonly #open = Promise.withResolvers<Store>();
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #wake = () => {};
  #ended: Parameters<Store['onEnded']>[0] = () => {};

  constructor(worker: Worker) {
    this.#worker = worker;
    this.opened = this.#open.promise;
    worker.on('message', (messages: readonly Message[]) => {
      for (const message of messages) this.#hear(message);
    });
    this.#questions = new Outbox((questions) => worker.postMessage(questions));
    // Its `error` event is left unheard on purpose: it ends the process, for nothing can be durable any more.
  }

  #hear(message: Message): void {
    if (message.kind === 'opened') this.#open.resolve(this.#storeOf(message.store));
    else if (message.kind === 'refused') this.#open.reject(revive(message.error));
    else if (message.kind === 'wake') this.#wake();
    else if (message.kind === 'ended') this.#ended(message.ends);
    else this.#settle(message);
  }

  #settle(message: Extract<Message, { readonly id: number }>): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.kind === 'answer') waiting?.resolve(waiting.unpack(message.value));
    else waiting?.reject(revive(message.error));
  }

  #storeOf(kind: Store['kind']): Store {
    const onWake = (listener: () => void) => {
      this.#wake = listener;
    };
    const onEnded: Store['onEnded'] = (listener) => {
      this.#ended = listener;
    };
    return {
      ...Object.fromEntries(VERBS.map((verb) => [verb, this.#verb(verb)])),
      close: () => this.#close(),
      kind,
      onWake,
      onEnded,
    } as Store;
  }

  /** What is asked and answered is copied; the port says of which shape it is. */
  #verb(verb: Verb): (request?: unknown) => Promise<unknown> {
    const { pack } = questionOf(verb);
    const { unpack } = answerOf(verb);
    return (request) => {
      const id = ++this.#lastId;
      return new Promise((resolve, reject) => {
        const question: Question = { id, verb, request: pack(request) };
        this.#waiting.set(id, { resolve, reject, unpack });
        this.#questions.put(question);
      });
    };
  }

  async #close(): Promise<void> {
    const exited = once(this.#worker, 'exit');
    await this.#verb('close')();
    await exited;
  }
}

/** Every verb of the port: one that is missing here does not compile. */
const VERBS = Object.keys({
  accept: true,
  findReply: true,
  tellAccepted: true,
  openAudience: true,
  findAudience: true,
  listGathered: true,
  listChunks: true,
  addChunk: true,
  sealAudience: true,
  advanceAudience: true,
  listQueues: true,
  claimDue: true,
  extendLeases: true,
  listLoggedSeqs: true,
  checkpoint: true,
  voidLeases: true,
  listRuled: true,
  concludeCanary: true,
  endRules: true,
  listCallbackWatches: true,
  addCallbacks: true,
  claimCallbacks: true,
  settleCallback: true,
  listCallbacks: true,
  shareRates: true,
  reserveCalls: true,
  cancel: true,
  tallyCancelled: true,
  endCancelled: true,
  pause: true,
  resume: true,
  tallyPaused: true,
  settlePauses: true,
  extend: true,
  reschedule: true,
  retry: true,
  findRetry: true,
  goOnRetrying: true,
  listChanged: true,
  findNotification: true,
  findNotifications: true,
  findSummaries: true,
  listNotifications: true,
  listLogs: true,
  listLedger: true,
  tallyReasons: true,
  countReasons: true,
  resolve: true,
  upsertPeople: true,
  listPeople: true,
  searchPeople: true,
  findPerson: true,
  findPeople: true,
  deletePerson: true,
  saveAddresses: true,
  forgetAddresses: true,
  dropAddresses: true,
  markWorked: true,
  silence: true,
  liftSilence: true,
  listSilenced: true,
  listSilences: true,
  setPreferences: true,
  decline: true,
  takeBackDecline: true,
  listPreferences: true,
  listOptedOut: true,
  erase: true,
  findErasure: true,
  goOnErasing: true,
  putTemplate: true,
  findTemplate: true,
  listTemplates: true,
  listTemplateVersions: true,
  archiveTemplate: true,
  recordReceipts: true,
  countReceipts: true,
  listReceipts: true,
  countCalls: true,
  useJti: true,
  listAudit: true,
  findAuditHead: true,
  saveConfigured: true,
  removeConfigured: true,
  findConfigured: true,
  listConfigured: true,
  configuredVersion: true,
  keepDataKey: true,
  findDataKey: true,
  listDataKeys: true,
  rewrapDataKey: true,
  recordActivity: true,
  sumActivity: true,
  listConnectionStates: true,
  sumOpen: true,
  listMilestones: true,
  countEnds: true,
  listOperators: true,
  findOperator: true,
  findAccount: true,
  addOperator: true,
  changeOperator: true,
  removeOperator: true,
  findByIdentity: true,
  linkIdentity: true,
  unlinkIdentities: true,
  listWaysIn: true,
  addLink: true,
  findLink: true,
  takeLink: true,
  redeemLink: true,
  openSession: true,
  findSession: true,
  touchSession: true,
  endSession: true,
  endSessionsOf: true,
  countSignIns: true,
  forgiveSignIn: true,
  markRestored: true,
  findRestored: true,
  endRestore: true,
  prune: true,
  enforceRetention: true,
  tidyWal: true,
  now: true,
  ping: true,
  schemaVersion: true,
  close: true,
} satisfies Record<Verb, true>) as Verb[];
