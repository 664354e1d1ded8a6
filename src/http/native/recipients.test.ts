import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { parse } from 'csv-parse/sync';
import { mixedLog, putEnded } from '../../../test/support/ended-notification.ts';
import { BOT, call, OTHER_BOT, type Rig, startRig, tokenFor } from '../../../test/support/http-rig.ts';
import { connectionId, randomId } from '../../model/ids.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Log } from '../../model/notification.ts';
import { explainReason } from '../../model/reasons.ts';

interface Page {
  readonly recipients: readonly JsonObject[];
  readonly nextCursor: string | null;
}

describe('GET /notifications/:id/recipients', () => {
  const TOTAL = 700;
  const logs = Array.from({ length: TOTAL }, (_, seq) => mixedLog(seq));
  let rig: Rig;
  let id: string;
  before(async () => {
    rig = await startRig();
    id = await putEnded({ store: rig.store, botId: BOT, total: TOTAL });
  });
  after(() => rig.close());

  const ask = async (query: string, { accept = 'application/json', bot = BOT, app = 'cs-both', of = id } = {}) =>
    call(rig, `/api/v1/bots/${bot}/notifications/${of}/recipients?${query}`, {
      headers: { auth: await tokenFor(app), accept },
    });

  async function readAll(query: string): Promise<JsonObject[]> {
    const found: JsonObject[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { status, text, json } = await ask(`${query}&cursor=${cursor}`);
      assert.equal(status, 200, text);
      const page = json as Page;
      found.push(...page.recipients);
      cursor = page.nextCursor;
    }
    return found;
  }

  const small = (text: string) => text.toLowerCase().replace('Ä', 'ä');
  const FILTERS: readonly (readonly [query: string, fits: (log: Log) => boolean])[] = [
    ['', () => true],
    ['state=failed', ({ state }) => state === 'failed'],
    ['state=failed,unknown', ({ state }) => state === 'failed' || state === 'unknown'],
    ['reason=opted_out,answer_lost', ({ reason }) => reason === 'opted_out' || reason === 'answer_lost'],
    ['state=delivered&reason=expired', () => false],
    ['q=aNN', ({ identity }) => small(identity).startsWith('ann')],
    ['q=a%25', ({ identity }) => identity.startsWith('a%')],
    ['q=a_', ({ identity }) => identity.startsWith('a_')],
    ['q=%F0%9F%92%A5', ({ identity }) => identity.startsWith('💥')],
    ['identity=ANN0', ({ identity }) => identity === 'Ann0'],
    ['identity=Ann', () => false],
    ['q=o%27&state=failed&reason=provider_error', (log) => /^o'/.test(log.identity) && log.reason === 'provider_error'],
  ];

  for (const [query, fits] of FILTERS) {
    it(`lists ${query || 'everybody'} as a list in memory would`, async () => {
      const expected = logs.filter(fits).map((log) => log.seq);
      for (const limit of [1, 7, 500].filter((limit) => limit > 1 || expected.length < 50)) {
        const found = await readAll(`${query}&limit=${limit}`);
        assert.deepEqual(
          found.map(({ seq }) => seq),
          expected,
        );
      }
      const stream = await ask(query, { accept: 'application/x-ndjson' });
      assert.deepEqual(parseLines(stream.text), await readAll(`${query}&limit=500`));
    });
  }

  it('shows what happened, how it went and what to do', async () => {
    const { recipients } = (await ask('limit=2')).json as Page;
    assert.deepEqual(recipients[1], {
      seq: 1,
      channel: 'ivr',
      connectionId: connectionId(BOT, 'ivr', 'Hook'),
      identity: 'Ann1',
      state: 'failed',
      reason: 'provider_error',
      hint: explainReason('provider_error').hint,
      detail: 'HTTP 500 it said "no", -1',
      personId: null,
      channelId: null,
      providerMessageId: null,
      attempts: 2,
      maybeDoubled: false,
      at: '2023-11-14T22:13:20.001Z',
      tookMs: 1,
      tried: [],
      receipt: null,
    });
    assert.partialDeepStrictEqual(recipients[0], { state: 'delivered', reason: null, hint: null, maybeDoubled: true });
  });

  it('writes CSV that a spreadsheet does not run', async () => {
    const { headers, text } = await ask('', { accept: 'text/csv' });
    assert.equal(headers.get('content-disposition'), `attachment; filename="recipients-${id}.csv"`);
    const rows: Record<string, string>[] = parse(text, { columns: true });
    assert.equal(rows.length, TOTAL);
    for (const row of rows) {
      for (const cell of Object.values(row)) assert.doesNotMatch(cell, /^[=+\-@\t\r\n]/);
    }
    const [first] = rows;
    assert.deepEqual([first?.['seq'], first?.['state'], first?.['channelId']], ['0', 'delivered', "'=c0"]);
    assert.equal(rows[1]?.['hint'], explainReason('provider_error').hint);
  });

  it('answers a page of nobody, with where to go on, when those who fit are far apart', async () => {
    const store = { ...rig.store };
    const sparse = await putEnded({ store, botId: BOT, total: 110_000, logOf: deliveredBut(109_999) });
    const first = (await ask('state=failed', { of: sparse })).json as Page;
    assert.deepEqual(first.recipients, []);
    assert.notEqual(first.nextCursor, null);
    const second = (await ask(`state=failed&cursor=${first.nextCursor}`, { of: sparse })).json as Page;
    assert.deepEqual([second.recipients.map(({ seq }) => seq), second.nextCursor], [[109_999], null]);
  });

  const deliveredBut =
    (failed: number) =>
    (seq: number): Log => ({ ...mixedLog(seq === failed ? 1 : 0), seq, identity: `p${seq}` });

  const HOSTILE = [
    'state=',
    'state=pending',
    'state=failed,',
    `state=${'failed,'.repeat(2_000)}`,
    'state=failed&state=failed',
    'reason=nonsense',
    'reason=__proto__',
    'reason=constructor',
    'q=',
    'q=%00',
    `q=${'x'.repeat(1_001)}`,
    'q=%ED%A0%80',
    'identity=',
    'limit=0',
    'limit=501',
    'limit=1e2',
    'cursor=-2',
    'cursor=x',
    'cursor=1;drop',
    'nonsense=1',
  ];
  for (const query of HOSTILE) {
    it(`refuses ${query.slice(0, 40)}`, async () => {
      const { status, json, text } = await ask(query);
      // A lone surrogate cannot come in UTF-8: it is somebody's strange but honest sign.
      if (query === 'q=%ED%A0%80') return assert.equal(status, 200, text);
      assert.deepEqual([status, (json as JsonObject)['code']], [400, 'body_invalid'], text);
    });
  }

  it('streams take no page, and strangers see nothing', async () => {
    assert.equal((await ask('limit=5', { accept: 'text/csv' })).status, 400);
    assert.equal((await ask('cursor=5', { accept: 'application/x-ndjson' })).status, 400);
    for (const accept of ['application/json', 'text/csv']) {
      assert.equal((await ask('', { accept, bot: OTHER_BOT })).status, 404);
      assert.equal((await ask('', { accept, of: randomId('ds') })).status, 404);
      assert.equal((await ask('', { accept, app: 'cs-scopeless' })).status, 403);
    }
  });

  it('counts reasons that add up to the counters', async () => {
    const { json } = await call(rig, `/api/v1/bots/${BOT}/notifications/${id}`, {
      headers: { auth: await tokenFor('cs-builder') },
    });
    const expected = Object.fromEntries(
      [...Map.groupBy(logs, (log) => log.reason)].flatMap(([reason, group]) =>
        reason === null ? [] : [[reason, group.length]],
      ),
    );
    assert.deepEqual((json as JsonObject)['reasons'], expected);
  });
});

describe('a reader of a stream who falls silent', () => {
  it('is cut, and nothing is read for them any more', async () => {
    let stretches = 0;
    const rig = await startRig({
      limits: { idleTimeoutMs: 300 },
      around: (store) => ({
        ...store,
        listLedger(request) {
          stretches += 1;
          return store.listLedger(request);
        },
      }),
    });
    try {
      const total = 60_000;
      const of = await putEnded({ store: rig.store, botId: BOT, total });
      const path = `/api/v1/bots/${BOT}/notifications/${of}/recipients`;
      const socket = connect({ port: rig.port, host: '127.0.0.1' });
      await once(socket, 'connect');
      socket.pause();
      const token = await tokenFor('cs-builder');
      socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nauth: ${token}\r\naccept: application/x-ndjson\r\n\r\n`);
      // Read by nobody, so that it is the server that ends it; a reset reaches a paused socket too.
      socket.on('error', () => {});
      const sockets = () => new Promise<number>((resolve) => rig.app.server.getConnections((_, n) => resolve(n)));
      while (stretches === 0) await new Promise((resolve) => setImmediate(resolve));
      while ((await sockets()) > 0) await new Promise((resolve) => setImmediate(resolve));
      const read = stretches;
      for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(stretches, read, 'nothing goes on');
      assert.ok(read < total / 500, `it read ${read} of ${total / 500} pages for nobody`);
      socket.destroy();
    } finally {
      await rig.close();
    }
  });
});

const parseLines = (text: string): JsonObject[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
