import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connectionId, randomId } from '../src/model/ids.ts';
import { isJsonObject } from '../src/model/json.ts';
import { ROLES } from '../src/model/operator.ts';
import { SCOPE_ADMIN, SCOPE_SEND } from '../src/model/tenancy.ts';
import { type DocumentedOperation, fetchDocument, listOperations } from './support/api-document.ts';
import {
  BOT,
  call,
  OTHER_BOT,
  post,
  type Reply,
  type Rig,
  startRig,
  tokenFor,
  UNKNOWN_BOT,
} from './support/http-rig.ts';
import { addOperator, signInAs } from './support/operators.ts';

const MESSAGE = { type: 'text', val: 'x' };
const V1 = { channel: 'msteams', userIdentityType: 'resolve', message: MESSAGE, identities: ['a@abc.com'] };
const V2 = { channel: 'msteams', message: MESSAGE, identities: [{ email: 'a@abc.com' }] };
const NATIVE = { channel: 'msteams', message: MESSAGE, recipients: ['a@abc.com'] };
const AUDIENCE = { channel: 'msteams', message: MESSAGE, audience: { upload: true } };
const TEMPLATE = { variants: { en: { message: MESSAGE } }, default: 'en' };
const PERSON = '{"id":"u-00000000-0000-5000-8000-00000000beef","email":"a@abc.com"}\n';

const MANAGED_BOT = 'st-00000000-0000-5000-8000-00000000abcd';
const MANAGED_APP = 'cs-00000000-0000-5000-8000-00000000abcd';
const HOOK = {
  botId: BOT,
  channel: 'ivr',
  name: 'Managed',
  settings: { url: 'https://example.com/hook', secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
};
const NEW_EMAIL = 'new@abc.com';
const MANAGED_OPERATOR = 'op-00000000-0000-5000-8000-00000000abcd';
const MANAGED_CONNECTION = connectionId(BOT, 'ivr', 'Managed');
/** Within what the clock of the rig has before it. */
const IN_TIME = '2026-03-02T10:00:00Z';

/** What the right caller sends and is answered. */
interface Row {
  readonly status: number;
  readonly body?: string;
  readonly type?: string;
  /** The notification it is asked of. */
  readonly isPaused?: boolean;
  /** By a name of the caller's own: a bot that has none of it makes one, and another's stays hidden. */
  readonly isMade?: true;
  readonly query?: string;
  /** A body that names another bot's connection. */
  readonly foreign?: (connectionId: string) => object;
  /** It is about a notification that is not sealed. */
  readonly isOfAudience?: true;
  readonly isOfNoBot?: true;
  /** What it leaves that says who asked, where that is more than one entry. */
  readonly kept?: number;
}

/** Every operation of the document has its row; one without fails below. */
const ROWS: Readonly<Record<string, Row | 'open'>> = {
  notify: json(200, V1),
  getNotifyStatus: { status: 200 },
  postNotifyStatus: { status: 200 },
  notifyV2: json(200, V2),
  getNotifyV2Status: { status: 200 },
  postNotifyV2Status: { status: 200 },
  sendNotification: { ...json(202, NATIVE), foreign: (connection) => ({ ...NATIVE, connection }) },
  listNotifications: { status: 200 },
  getNotification: { status: 200 },
  listRecipients: { status: 200 },
  watchNotification: { status: 200 },
  listCallbacks: { status: 200 },
  cancelNotification: { status: 200 },
  pauseNotification: { status: 200 },
  // Nobody has it yet; where somebody does, the recall is a notification, as a send is.
  recallNotification: { status: 200, kept: 0 },
  editNotification: { ...json(200, { message: MESSAGE }), kept: 0 },
  resumeNotification: { status: 200, isPaused: true },
  putTemplate: { ...json(201, { ...TEMPLATE, description: 'Another' }), isMade: true },
  listTemplates: { status: 200 },
  getTemplate: { status: 200 },
  listTemplateVersions: { status: 200 },
  archiveTemplate: { status: 204 },
  previewTemplate: { ...json(200, { channel: 'msteams', recipients: ['a@abc.com'] }), isMade: true },
  preflightNotification: json(200, NATIVE),
  getAudience: { status: 200, isOfAudience: true },
  addAudienceChunk: { status: 200, body: '"a@abc.com"\n', type: 'application/x-ndjson', isOfAudience: true },
  // Its notification begins with it.
  sealAudience: { ...json(202, { recipients: 1, chunks: 1 }), isOfAudience: true, kept: 2 },
  rescheduleNotification: { ...json(200, { sendAt: IN_TIME }) },
  extendNotification: json(200, { expiresAt: IN_TIME }),
  retryNotification: json(202, {}),
  importPeople: { status: 200, body: PERSON, type: 'application/x-ndjson' },
  listPeople: { status: 200 },
  getPerson: { status: 200 },
  deletePerson: { status: 204 },
  getPreferences: { status: 200 },
  putPreferences: json(200, { optOuts: [{ category: 'news', channel: null }] }),
  erasePerson: json(202, { person: 'a@abc.com' }),
  getErasure: { status: 200 },
  listConnections: { status: 200 },
  listSuppressions: { status: 200 },
  liftSuppression: { status: 204 },
  listAudit: { status: 200 },
  listBots: { status: 200 },
  getBot: { status: 200 },
  saveBot: json(200, { name: 'Renamed', weight: 3 }),
  deleteBot: { status: 204 },
  listChannels: { status: 200 },
  listManagedConnections: { status: 200, query: `?botId=${BOT}` },
  getConnection: { status: 200 },
  saveConnection: json(200, { ...HOOK, limits: { concurrency: 3 } }),
  deleteConnection: { status: 204 },
  checkConnection: { status: 200 },
  listApps: { status: 200 },
  getApp: { status: 200 },
  saveApp: json(200, { algorithm: 'HS256', bots: [BOT], name: 'Renamed' }),
  rotateApp: json(200, {}),
  deleteApp: { status: 204 },
  listOperators: { status: 200 },
  inviteOperator: json(201, { name: 'New', email: NEW_EMAIL, role: 'viewer', bots: [BOT] }),
  changeOperator: json(200, { role: 'sender' }),
  removeOperator: { status: 204 },
  inviteOperatorAgain: { status: 200 },
  signOutOperator: { status: 200 },
  unlinkOperator: { status: 204 },
  getOverview: { status: 200 },
  getTimeline: { status: 200 },
  listOwnBots: { status: 200, isOfNoBot: true },
  // By password, link and cookie, which `src/http/session/session.test.ts` is about.
  getSignInOptions: 'open',
  getSession: 'open',
  signIn: 'open',
  signInByLink: 'open',
  setUpOperator: 'open',
  signOut: 'open',
  // By a provider and a cookie, which `oidc.test.ts` is about.
  beginOidcSignIn: 'open',
  finishOidcSignIn: 'open',
  beginOidcLink: 'open',
  getApiDocument: 'open',
  getProblemPage: 'open',
  getReference: 'open',
  getReferenceAsset: 'open',
  getHealth: 'open',
  getReadiness: 'open',
  getKeys: 'open',
  // The provider's own signature is asked for, which `callbacks.test.ts` and the tests of the inboxes are about.
  confirmEvents: 'open',
  receiveEvents: 'open',
  confirmReceipts: 'open',
  receiveReceipts: 'open',
};

describe('who may call what', () => {
  let rig: Rig;
  let operations: DocumentedOperation[];
  before(async () => {
    rig = await startRig();
    operations = listOperations(await fetchDocument(rig));
  });
  after(() => rig.close());

  it('is written down for every operation there is, and for no other', () => {
    assert.deepEqual(operations.map(({ id }) => id).toSorted(), Object.keys(ROWS).toSorted());
    for (const { id, scope } of operations) assert.equal(ROWS[id] === 'open', scope === null, id);
  });

  for (const [id, row] of Object.entries(ROWS)) {
    if (row === 'open') continue;
    it(`${id}: the right app may, and no other`, async () => {
      const operation = operations.find((each) => each.id === id);
      assert.ok(operation);
      const objects = row.isOfAudience ? await makeAudience() : await makeObjects(row);
      const ask = (botId: string, token: string | null, named = objects) =>
        callAs(operation, row, botId, token === null ? {} : { auth: token }, named);
      const isAdmin = operation.scope === SCOPE_ADMIN;
      if (isAdmin) await makeManaged();
      const missing = operation.scope === SCOPE_SEND ? 'cs-librarian' : 'cs-sender';
      const isKore = operation.tag === 'kore';

      assertRefused(await ask(BOT, null), isKore, 401, 'unauthenticated');
      assertRefused(await ask(BOT, 'not.a.token'), isKore, 401, 'unauthenticated');
      assertRefused(await ask(BOT, await tokenFor('cs-builder', { exp: 1 })), isKore, 401, 'unauthenticated');
      assertRefused(await ask(BOT, await tokenFor('cs-scopeless')), isKore, 403, 'scope_missing');
      assertRefused(await ask(BOT, await tokenFor(missing)), isKore, 403, 'scope_missing');
      if (isAdmin) {
        for (const app of ['cs-builder', 'cs-upstart', 'cs-admin'])
          assertRefused(await ask(BOT, await tokenFor(app)), isKore, 403, 'scope_missing');
      } else if (!row.isOfNoBot) {
        const other = await ask(BOT, await tokenFor('cs-other'));
        assertRefused(other, isKore, 404, 'bot_not_found');
        assert.equal(other.text, (await ask(UNKNOWN_BOT, await tokenFor('cs-other'))).text);
        if (!row.isMade) await assertHidden(operation, row, objects, isKore);
      }

      const kept = await countKept();
      assert.equal((await ask(BOT, await tokenFor(isAdmin ? 'cs-operator' : 'cs-builder'))).status, row.status);
      assert.equal((await countKept()) - kept, operation.isAudited ? (row.kept ?? 1) : 0, 'entries in the audit');
    });
  }

  for (const [id, row] of Object.entries(ROWS)) {
    if (row === 'open') continue;
    it(`${id}: operators of the right role may, from the console, and no others`, async () => {
      const operation = operations.find((each) => each.id === id);
      assert.ok(operation);
      const objects = row.isOfAudience ? await makeAudience() : await makeObjects(row);
      if (operation.scope === SCOPE_ADMIN) await makeManaged();
      const ask = (who: Readonly<Record<string, string>>) => callAs(operation, row, BOT, who, objects);
      const isKore = operation.tag === 'kore';
      const sessions = await Promise.all(ROLES.map((role) => signInAs(rig, { role, bots: [BOT] })));
      const least = ROLES.indexOf(operation.role ?? 'admin');

      for (const [rank, session] of sessions.entries()) {
        if (isKore) assertRefused(await ask(session), isKore, 401, 'unauthenticated');
        else if (rank < least) assertRefused(await ask(session), isKore, 403, 'role_missing');
      }
      if (isKore) return;
      const [session = {}] = sessions.slice(least);
      for (const elsewhere of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }])
        assertRefused(await ask({ ...session, ...elsewhere }), isKore, 403, 'cross_origin');
      const nowhere = await ask({ cookie: session['cookie'] ?? '' });
      if (operation.method !== 'GET') assertRefused(nowhere, isKore, 403, 'cross_origin');
      if (operation.scope !== SCOPE_ADMIN && !row.isOfNoBot) {
        const others = await ask(await signInAs(rig, { role: 'sender', bots: [OTHER_BOT] }));
        assertRefused(others, isKore, 404, 'bot_not_found');
      }
      const kept = await countKept();
      assert.equal((await ask(session)).status, row.status);
      assert.equal((await countKept()) - kept, operation.isAudited ? (row.kept ?? 1) : 0, 'entries in the audit');
    });
  }

  /** What says who changed what: the chains, and for sends the notifications themselves. */
  async function countKept(): Promise<number> {
    const heads = await Promise.all(
      [BOT, OTHER_BOT, MANAGED_BOT, null].map((botId) => rig.store.findAuditHead({ botId })),
    );
    const page = { botId: BOT, channels: ['msteams'], finished: null, after: null, limit: 1_000 };
    return heads.reduce((sum, { seq }) => sum + seq, (await rig.store.listNotifications(page)).length);
  }

  /** Through the path of its own bot nobody sees what belongs to another: it looks as what does not exist. */
  async function assertHidden(operation: DocumentedOperation, row: Row, objects: Objects, isKore: boolean) {
    const unknown = {
      ...objects,
      notificationId: randomId('ds'),
      personId: randomId('u'),
      connectionId: randomId('dc'),
      template: 'unknown',
      erasureId: randomId('er'),
    };
    const token = await tokenFor('cs-both');
    const ask = (named: Objects, body = row.body) =>
      callAs(operation, { ...row, ...(body !== undefined && { body }) }, OTHER_BOT, { auth: token }, named);
    const namesObjects = operation.path.split('{').length > 2;
    if (namesObjects) {
      const [hidden, absent] = [await ask(objects), await ask(unknown)];
      assert.deepEqual([hidden.status, hidden.text], [absent.status, absent.text]);
      assert.equal(hidden.status, isKore ? 400 : 404);
    } else if (operation.method === 'GET') {
      const { text } = await ask(objects);
      const { notificationId, personId, connectionId: through, identity } = objects;
      for (const name of [notificationId, personId, through, identity]) assert.ok(!text.includes(name), name);
    }
    const { foreign } = row;
    if (foreign === undefined) return;
    const [hidden, absent] = await Promise.all(
      [objects, unknown].map((named) => ask(named, JSON.stringify(foreign(named.connectionId)))),
    );
    assert.equal(hidden?.status, 400);
    assert.equal(
      hidden?.text.replaceAll(objects.connectionId, '…'),
      absent?.text.replaceAll(unknown.connectionId, '…'),
    );
  }

  /** What was made over the API, one of each kind. */
  async function makeManaged(): Promise<void> {
    const headers = { auth: await tokenFor('cs-operator'), 'content-type': 'application/json' };
    const put = (path: string, body: object) =>
      call(rig, `/api/v1/admin/${path}`, { method: 'PUT', headers, body: JSON.stringify(body) });
    await put(`bots/${MANAGED_BOT}`, { name: 'Managed' });
    await put('connections', HOOK);
    await put(`apps/${MANAGED_APP}`, { algorithm: 'HS256', bots: [BOT] });
    const invited = await rig.store.findAccount({ email: NEW_EMAIL });
    for (const operatorId of [invited?.operator.id ?? '', MANAGED_OPERATOR])
      await call(rig, `/api/v1/admin/operators/${operatorId}`, { method: 'DELETE', headers: { auth: headers.auth } });
    await addOperator(rig, { id: MANAGED_OPERATOR });
  }

  interface Objects {
    readonly notificationId: string;
    readonly personId: string;
    readonly connectionId: string;
    readonly identity: string;
    readonly template: string;
    readonly erasureId: string;
  }

  /** Of the first bot, one of each kind. */
  async function makeObjects({ isPaused = false }: Row): Promise<Objects> {
    const sent = await post(rig, 'notify', V1);
    const headers = { auth: await tokenFor('cs-builder'), 'content-type': 'application/x-ndjson' };
    const imported = await call(rig, `/api/v1/bots/${BOT}/people`, { method: 'PUT', headers, body: PERSON });
    const through = connectionId(BOT, 'msteams', null);
    const entry = { identity: 'a@abc.com', reason: 'opted_out', detail: null, at: rig.clock.now() } as const;
    await rig.store.silence({ botId: BOT, connectionId: through, entries: [entry] });
    const ofSender = { auth: await tokenFor('cs-builder'), 'content-type': 'application/json' };
    const url = `/api/v1/bots/${BOT}/templates/welcome`;
    const put = await call(rig, url, { method: 'PUT', headers: ofSender, body: JSON.stringify(TEMPLATE) });
    assert.deepEqual([sent.status, imported.status, put.status < 300], [200, 200, true]);
    assert.ok(isJsonObject(sent.json));
    const { id: personId } = JSON.parse(PERSON);
    const notificationId = String(sent.json['_id']);
    const pause = { botId: BOT, notificationId, at: rig.clock.now(), reason: 'caller' } as const;
    if (isPaused) assert.ok(await rig.store.pause(pause));
    const erasureId = randomId('er');
    await rig.store.erase({ botId: BOT, erasureId, who: { identity: 'gone@abc.com' }, at: rig.clock.now() });
    const named = { personId, connectionId: through, identity: 'a@abc.com', template: 'welcome' };
    return { notificationId, ...named, erasureId };
  }

  /** The same, but that nobody has sealed the notification. */
  async function makeAudience(): Promise<Objects> {
    const auth = await tokenFor('cs-builder');
    const url = `/api/v1/bots/${BOT}/notifications`;
    const headers = { auth, 'content-type': 'application/json' };
    const opened = await call(rig, url, { method: 'POST', headers, body: JSON.stringify(AUDIENCE) });
    assert.ok(isJsonObject(opened.json));
    const notificationId = String(opened.json['id']);
    const operation = operations.find(({ id }) => id === 'addAudienceChunk');
    const objects = { ...(await makeObjects({ status: 200 })), notificationId };
    assert.ok(operation);
    const first = { ...operation, path: operation.path.replace('{chunk}', '0') };
    assert.equal((await callAs(first, ROWS['addAudienceChunk'] as Row, BOT, { auth }, objects)).status, 200);
    return objects;
  }

  function callAs(
    { method, path, scope }: DocumentedOperation,
    { body, type, query = '' }: Row,
    botId: string,
    who: Readonly<Record<string, string>>,
    { notificationId, personId, connectionId: through, identity, template, erasureId }: Objects,
  ): Promise<Reply> {
    const named = {
      botId,
      notificationId,
      requestId: notificationId,
      personId,
      connectionId: through,
      identity,
      template,
      erasureId,
      chunk: '1',
    };
    const managed = {
      botId: MANAGED_BOT,
      connectionId: MANAGED_CONNECTION,
      clientId: MANAGED_APP,
      operatorId: MANAGED_OPERATOR,
    };
    const names = { clientId: '', operatorId: '', ...named, ...(scope === SCOPE_ADMIN && managed) };
    const url = path.replace(/\{(\w+)\}/g, (_, name: keyof typeof names) => encodeURIComponent(names[name]));
    return call(rig, url + query, {
      method,
      headers: { ...who, ...(type && { 'content-type': type }) },
      ...(body !== undefined && { body }),
    });
  }
});

/** Kore's routes answer 401 for each of these, as they do. */
function assertRefused(reply: Reply, isKore: boolean, status: number, code: string): void {
  assert.ok(isJsonObject(reply.json), reply.text);
  if (isKore) {
    assert.equal(reply.status, 401);
    assert.deepEqual(Object.keys(reply.json), ['errors']);
  } else assert.deepEqual([reply.status, reply.json['code']], [status, code]);
}

function json(status: number, body: object): Row {
  return { status, body: JSON.stringify(body), type: 'application/json' };
}
