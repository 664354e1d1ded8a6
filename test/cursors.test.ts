import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connectionId } from '../src/model/ids.ts';
import { isJsonObject } from '../src/model/json.ts';
import { forgeCursors, type PagedLists } from './api/forged-cursors.ts';
import { fetchDocument, listOperations } from './support/api-document.ts';
import { putEnded } from './support/ended-notification.ts';
import { BOT, call, OTHER_BOT, type Reply, type Rig, startRig, tokenFor } from './support/http-rig.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { chooseSeed, seededRandom } from './support/seed.ts';

/** On each store. */
const TRIES = 500;
const SIX = [0, 1, 2, 3, 4, 5];
const MESSAGE = { type: 'text', val: 'x' };

describe('a cursor that nobody was told', () => {
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());

  for (const kind of ['SQLite', 'PostgreSQL']) {
    it(`is refused by its name, or leads where the true one does, ${kind}`, async (t) => {
      const seed = chooseSeed();
      t.diagnostic(`BECKON_SEED=${seed}`);
      const rig = await startRig({
        database: kind === 'SQLite' ? 'sqlite::memory:' : await postgres.createDatabase(),
      });
      t.after(() => rig.close());
      const lists = await fillLists(rig);
      const paged = listOperations(await fetchDocument(rig)).filter(({ parameters }) =>
        parameters.some(({ name }) => name === 'cursor'),
      );
      assert.deepEqual(paged.map(({ id }) => id).toSorted(), Object.keys(lists).toSorted(), 'every paged operation');

      const ask = await askerOf(rig);
      const asked = { lists: Object.values(lists).flat(), ask: (path: string) => ask('GET', path) };
      const { refused, answered, findings } = await forgeCursors(asked, { random: seededRandom(seed), tries: TRIES });
      assert.deepEqual(findings, []);
      assert.ok(refused > TRIES / 2 && answered > 0);
      t.diagnostic(
        `${TRIES} cursors over ${asked.lists.length} lists: ${refused} refused, ${answered} as the true one`,
      );
    });
  }
});

type Ask = (method: string, path: string, body?: string, type?: string) => Promise<Reply>;

async function askerOf(rig: Rig): Promise<Ask> {
  const [ofAdmin, ofBots] = await Promise.all([tokenFor('cs-operator'), tokenFor('cs-both')]);
  return (method, path, body, type = 'application/json') => {
    const auth = path.startsWith('/admin/') ? ofAdmin : ofBots;
    const headers = { auth, ...(body !== undefined && { 'content-type': type }) };
    return call(rig, `/api/v1${path}`, { method, headers, ...(body !== undefined && { body }) });
  };
}

/** By operation: its lists of at least six, of two bots, with filters and without. */
async function fillLists(rig: Rig): Promise<Readonly<Record<string, readonly string[]>>> {
  const ask = await askerOf(rig);
  const put = async (method: string, path: string, body: unknown) => {
    const isLines = typeof body === 'string';
    const reply = await ask(method, path, isLines ? body : JSON.stringify(body), isLines ? NDJSON : undefined);
    assert.ok(reply.status < 300, `${path}: ${reply.text}`);
    return isJsonObject(reply.json) ? String(reply.json['id']) : '';
  };
  for (const index of SIX) {
    await put('PUT', `/admin/bots/st-00000000-0000-5000-8000-00000000a00${index}`, { name: `Bot ${index}` });
    await put('PUT', `/admin/apps/cs-00000000-0000-5000-8000-00000000a00${index}`, { algorithm: 'HS256', bots: [BOT] });
  }
  const ofBots = await Promise.all([BOT, OTHER_BOT].map((bot) => fillBot(rig, bot, put)));
  const under = (each: (of: Filled) => string) => ofBots.map((of) => `/bots/${of.bot}/${each(of)}`);
  return {
    listPeople: [...under(() => 'people'), ...under(() => 'people?q=p')],
    listRecipients: [
      ...under(({ ended }) => `notifications/${ended}/recipients`),
      ...under(({ ended }) => `notifications/${ended}/recipients?state=delivered`),
    ],
    listNotifications: ['', '?channel=msteams', '?finished=false'].flatMap((q) => under(() => `notifications${q}`)),
    listTemplates: under(() => 'templates'),
    listTemplateVersions: under(() => 'templates/t0/versions'),
    getAudience: under(({ audience }) => `notifications/${audience}/audience`),
    listSuppressions: under(({ through }) => `connections/${through}/suppressions`),
    listAudit: ['/admin/audit', `/admin/audit?botId=${BOT}`, `/admin/audit?botId=${OTHER_BOT}`],
    listBots: ['/admin/bots'],
    listApps: ['/admin/apps'],
  };
}

const NDJSON = 'application/x-ndjson';

interface Filled {
  readonly bot: string;
  readonly ended: string;
  readonly audience: string;
  readonly through: string;
}

type Put = (method: string, path: string, body: unknown) => Promise<string>;

async function fillBot(rig: Rig, bot: string, put: Put): Promise<Filled> {
  const own = `/bots/${bot}`;
  const say = { channel: 'msteams', message: MESSAGE };
  await put('PUT', `${own}/people`, SIX.map((index) => JSON.stringify({ email: `p${index}@abc.com` })).join('\n'));
  for (const index of SIX) {
    rig.clock.advance(1);
    await put('POST', `${own}/notifications`, { ...say, recipients: ['a@abc.com'] });
    const variants = { en: { message: { type: 'text', val: `words ${index}` } } };
    await put('PUT', `${own}/templates/t${index}`, { variants, default: 'en' });
    await put('PUT', `${own}/templates/t0`, { variants, default: 'en', description: `The ${index}` });
  }
  const audience = await put('POST', `${own}/notifications`, { ...say, audience: { upload: true } });
  for (const chunk of SIX)
    await put('PUT', `${own}/notifications/${audience}/audience/${chunk}`, `"c${chunk}@abc.com"`);
  const through = connectionId(bot, 'msteams', null);
  const entries = SIX.map((i) => ({ identity: `s${i}@abc.com`, reason: 'opted_out', detail: null, at: i }) as const);
  await rig.store.silence({ botId: bot, connectionId: through, entries });
  return { bot, ended: await putEnded({ store: rig.store, botId: bot, total: 30 }), audience, through };
}

describe('a cursor that nobody was told is noticed (negative control)', () => {
  const rows = ['ann', 'bob'].flatMap((whose) => Array.from({ length: 9 }, (_, at) => ({ whose, at })));
  const page = (found: readonly object[], limit: number, next: (last: number) => string) => ({
    rows: found.slice(0, limit),
    nextCursor: found.length > limit ? next(limit) : null,
  });
  const careless: Readonly<Record<string, (whose: string, cursor: string) => object>> = {
    'where it is a mere place': (whose, cursor) => {
      if (!/^\d{0,9}$/.test(cursor)) return REFUSAL;
      const own = rows.filter((row) => row.whose === whose);
      return page(own.slice(Number(cursor)), 2, (count) => String(Number(cursor) + count));
    },
    'where it says whose the rows are': (whose, cursor) => {
      const [, owner = whose, at = '0'] = /^(ann|bob):(\d)$/.exec(cursor) ?? [];
      if (cursor !== '' && !/^(ann|bob):\d$/.test(cursor)) return REFUSAL;
      const own = rows.filter((row) => row.whose === owner);
      return page(own.slice(Number(at)), 2, (count) => `${owner}:${Number(at) + count}`);
    },
    'where what is wrong is the first page again': (whose, cursor) => {
      const from = /^[1-9]$/.test(cursor) ? Number(cursor) : 0;
      return page(rows.filter((row) => row.whose === whose).slice(from), 2, (count) => String(from + count));
    },
  };

  for (const [where, list] of Object.entries(careless)) {
    it(where, async () => {
      const lists: PagedLists = {
        lists: ['/ann', '/bob'],
        async ask(path) {
          const { pathname, searchParams } = new URL(path, 'http://127.0.0.1');
          const json = list(pathname.slice(1), searchParams.get('cursor') ?? '');
          return { status: json === REFUSAL ? 400 : 200, headers: new Headers(), text: JSON.stringify(json), json };
        },
      };
      const { findings } = await forgeCursors(lists, { random: seededRandom(1), tries: 200 });
      assert.notDeepEqual(findings, []);
    });
  }
});

const REFUSAL = { detail: 'cursor is wrong' };
