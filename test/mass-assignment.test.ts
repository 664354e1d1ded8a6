import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import fastify from 'fastify';
import { isJsonObject } from '../src/model/json.ts';
import { SCOPE_ADMIN } from '../src/model/tenancy.ts';
import { type Door, fieldNames, MARK, tryUndeclared } from './api/undeclared.ts';
import { readAllRows } from './support/all-rows.ts';
import { type DocumentedOperation, fetchDocument, listOperations } from './support/api-document.ts';
import { BOT, call, type Reply, type Rig, startRig, tokenFor } from './support/http-rig.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { chooseSeed } from './support/seed.ts';

/** Its body is that of Kore's v1, which has always passed over what it does not know. */
const PASSES_OVER = 'notify';
const EACH = 25;
/** Deeper than any JSON that is read. */
const TOO_DEEP = `{"deep":${'['.repeat(33)}${']'.repeat(33)}}`;

describe('what no operation declares', () => {
  let postgres: TestPostgres;
  let folder: string;
  before(async () => {
    [postgres, folder] = await Promise.all([startPostgres(), mkdtemp(join(tmpdir(), 'beckon-undeclared-'))]);
  });
  after(async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  });

  for (const kind of ['SQLite', 'PostgreSQL']) {
    it(`is refused by its name or changes nothing, and is kept nowhere, ${kind}`, async (t) => {
      const database = kind === 'SQLite' ? `sqlite:${join(folder, 'beckon.db')}` : await postgres.createDatabase();
      await assertPassedOver(t, database);
    });
  }
});

async function assertPassedOver(t: TestContext, database: string): Promise<void> {
  const seed = chooseSeed();
  t.diagnostic(`BECKON_SEED=${seed}`);
  const rig = await startRig({ database });
  t.after(() => rig.close());
  const document = await fetchDocument(rig);
  const operations = listOperations(document).filter(({ bodies }) => 'application/json' in bodies);
  const [lenient, strict] = [operations.filter(passesOver), operations.filter((each) => !passesOver(each))];

  const door = await openDoor(rig, database, operations);
  for (const operation of strict) {
    const { text } = await door.ask(operation, TOO_DEEP);
    assert.match(text, /levels deep/, `${operation.id} is read as bodies are everywhere`);
  }
  const options = { seed, names: fieldNames(document), each: EACH };

  const untouched = await readAllRows(database);
  const refused = await tryUndeclared({ ...door, operations: strict }, options);
  assert.deepEqual(refused.findings, []);
  assert.deepEqual([[...refused.refusing], [...refused.ignoring]], [strict.map(({ id }) => id), []]);
  assert.deepEqual(await readAllRows(database), untouched);

  const ignored = await tryUndeclared({ ...door, operations: lenient }, options);
  assert.deepEqual(ignored.findings, []);
  assert.deepEqual([...ignored.ignoring], [PASSES_OVER]);
  assert.deepEqual(
    (await readAllRows(database)).filter((row) => row.includes(MARK)),
    [],
  );
  assert.deepEqual(Object.keys(Object.prototype), []);
  t.diagnostic(`${refused.tries + ignored.tries} fields, ${refused.nested + ignored.nested} of them within a body`);
  assert.ok(refused.nested > 0 && ignored.nested > 0);
}

const passesOver = ({ id }: DocumentedOperation): boolean => id === PASSES_OVER;

async function openDoor(rig: Rig, database: string, operations: readonly DocumentedOperation[]): Promise<Door> {
  const [ofAdmin, ofBot] = await Promise.all([tokenFor('cs-operator'), tokenFor('cs-builder')]);
  return {
    operations,
    ask({ method, path, scope }, body) {
      const url = path.replace(/\{(\w+)\}/g, (_, name: string) => (name === 'botId' ? BOT : `some-${name}`));
      const token = scope === SCOPE_ADMIN ? ofAdmin : ofBot;
      // What signs somebody in asks for no app, and wants to be asked from our own pages.
      const who: Record<string, string> = scope === null ? { origin: rig.url } : { auth: token };
      return call(rig, url, { method, headers: { ...who, 'content-type': 'application/json' }, body });
    },
    async traceOf({ json, text }) {
      const id = isJsonObject(json) ? String(json['_id']) : '';
      assert.match(id, /^ds-/);
      const rows = (await readAllRows(database)).filter((row) => row.includes(id));
      assert.ok(rows.length > 1);
      // PostgreSQL's own clock, which does not stand still, says since when it is due.
      return [text, ...rows]
        .join('\n')
        .replaceAll(id, 'ds-…')
        .replaceAll(/"claimable_at":"\d+"/g, '');
    },
  };
}

describe('what no operation declares is noticed (negative control)', () => {
  const bodies = { 'application/json': { type: 'object', properties: { name: { type: 'string' } } } };
  const operation: DocumentedOperation = {
    id: 'saveThing',
    method: 'PUT',
    path: '/thing',
    tag: 'admin',
    scope: null,
    role: null,
    isAudited: false,
    parameters: [],
    bodies,
    leadsTo: null,
    replies: {},
    codes: {},
  };
  type Thing = Readonly<Record<string, unknown>>;
  const careless: Readonly<Record<string, (body: Thing) => { readonly kept: Thing; readonly told: Thing }>> = {
    'where a handler keeps all of the body': (body) => ({ kept: { state: 'new', ...body }, told: { ok: true } }),
    'where a handler answers with all of the body': (body) => ({ kept: {}, told: { ...body, state: 'new' } }),
    'where a handler takes one name it should not': ({ isAdmin = false }) => ({
      kept: { isAdmin },
      told: { ok: true },
    }),
  };

  for (const [where, handle] of Object.entries(careless)) {
    it(where, async (t) => {
      let last: Thing = {};
      const app = fastify();
      app.put('/thing', async ({ body }) => {
        const { kept, told } = handle(body as Thing);
        last = kept;
        return told;
      });
      const url = await app.listen({ host: '127.0.0.1', port: 0 });
      t.after(() => app.close());
      const keep = new WeakMap<Reply, Thing>();
      const door: Door = {
        operations: [operation],
        async ask({ method, path }, body) {
          const response = await fetch(url + path, { method, headers: { 'content-type': 'application/json' }, body });
          const text = await response.text();
          const reply = { status: response.status, headers: response.headers, text, json: JSON.parse(text) };
          keep.set(reply, last);
          return reply;
        },
        traceOf: async (reply) => reply.text + JSON.stringify(keep.get(reply)),
      };
      const { findings } = await tryUndeclared(door, { seed: 1, names: ['state'], each: 40 });
      assert.notDeepEqual(findings, []);
    });
  }
});
