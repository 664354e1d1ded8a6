import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { untilFinished } from './support/beckon.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { emailOf, openRehearsal, type Rehearsal } from './support/rehearsal.ts';

const PEOPLE = 40;

/** The samples of a page of metrics by name and labels, as a scraper reads them. */
function readSamples(page: string): Map<string, number> {
  const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const [, sample = '', value = ''] =
        /^([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{(?:[a-zA-Z_]\w*="[^"\\\n]*",?)+\})?) (\S+)$/.exec(line) ?? [];
      // Nan: of a delay that nothing was measured of since the last scrape. Prometheus takes it in any spelling.
      assert.ok(
        sample !== '' && value !== '' && (/^nan$/i.test(value) || !Number.isNaN(Number(value))),
        `no sample: ${line}`,
      );
      return [sample, Number(value)];
    }),
  );
}

describe('GET /metrics', () => {
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres.stop());
  let rehearsal: Rehearsal;
  beforeEach(async () => {
    rehearsal = await openRehearsal({ limits: 'off' });
  });
  afterEach(() => rehearsal.close());

  const scrape = async (url: string) => {
    const response = await fetch(new URL('/metrics', url));
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    return readSamples(await response.text());
  };

  /** How many came to each end, by reason. */
  async function countEnds(url: string): Promise<Map<string, number>> {
    const counted = new Map<string, number>();
    for (const [sample, value] of await scrape(url)) {
      const [, channel, reason] = /^beckon_recipients_total\{channel="(\w+)",.*reason="(\w*)"\}$/.exec(sample) ?? [];
      if (reason === undefined) continue;
      assert.equal(channel, 'msteams');
      counted.set(reason, (counted.get(reason) ?? 0) + value);
    }
    return counted;
  }

  it('counts what became of whom, how long it took, and what callers were answered', async () => {
    const server = await rehearsal.start(['--database', 'sqlite::memory:']);
    await rehearsal.importPeople(server.url, PEOPLE);
    rehearsal.sandbox.faults.set([{ provider: 'teams', times: 3, fault: { kind: 'status', status: 503, body: '' } }]);
    const id = await rehearsal.notify(server.url, PEOPLE + 2, 'hello');
    const client = rehearsal.client(server.url);
    await untilFinished(server, () => client.status({ botId: rehearsal.botId, requestId: id }));
    const samples = await scrape(server.url);
    const delivered = 'beckon_recipients_total{channel="msteams",state="delivered",reason=""}';
    const nobody = 'beckon_recipients_total{channel="msteams",state="failed",reason="not_associated"}';
    assert.deepEqual([samples.get(delivered), samples.get(nobody)], [PEOPLE, 2]);
    const sends = (outcome: string) =>
      samples.get(`beckon_send_duration_seconds_count{channel="msteams",outcome="${outcome}"}`) ?? 0;
    assert.equal(sends('accepted'), PEOPLE);
    assert.equal([...samples.keys()].filter((name) => name.startsWith('beckon_send_duration_seconds_count')).length, 2);
    assert.equal(
      samples.get('beckon_http_requests_total{route="/api/public/bot/:botId/notify",status="200"}'),
      1,
      'the send call is counted by its pattern',
    );
    const idle = ['beckon_queue_recipients', 'beckon_sends_in_flight', 'beckon_outcomes_unrecorded'];
    assert.deepEqual(
      idle.map((name) => samples.get(name)),
      [0, 0, 0],
    );
    assert.equal(samples.get('beckon_store_reachable'), 1);
    assert.ok((samples.get('nodejs_eventloop_lag_p99_seconds') ?? -1) >= 0);
  });

  const onEach = { 'a SQLite file': 'sqlite', PostgreSQL: 'postgres' } as const;
  for (const [name, kind] of Object.entries(onEach)) {
    it(`counts everybody whom something was for once, on ${name}`, { timeout: 60_000 }, async () => {
      const database =
        kind === 'sqlite' ? `sqlite:${join(rehearsal.folder, 'beckon.db')}` : await postgres.createDatabase();
      const server = await rehearsal.start(['--database', database]);
      await rehearsal.importPeople(server.url, PEOPLE);
      const { botId } = rehearsal;
      const client = rehearsal.client(server.url);
      const words = { channel: 'msteams', message: { type: 'text', val: 'hello' } } as const;
      const people = Array.from({ length: PEOPLE }, (_, index) => emailOf(index));
      const [some, nobody] = [people.slice(0, 5), 'nobody@example.com'];
      const whole = { ...words, deduplicate: true, recipients: [...people, ...some, nobody] };
      const { id: sent } = await client.notifications.send({ botId, body: whole });
      const opened = {
        ...words,
        deduplicate: true,
        audience: { upload: true },
        exclude: { identities: some },
      } as const;
      const { id: uploaded } = await client.audience.open({ botId, body: opened });
      const upload = { botId, notificationId: uploaded };
      const body = [...people, ...people].join('\n');
      await client.audience.add({ ...upload, chunk: 0, body: `identity\n${body}`, mediaType: 'text/csv' });
      await client.audience.seal({ ...upload, recipients: 2 * PEOPLE });
      const sendAt = new Date(Date.now() + 3_600_000).toISOString();
      const { id: unwanted } = await client.notifications.send({ botId, body: { ...whole, sendAt } });
      const erasure = await client.erasures.begin({ botId, person: emailOf(PEOPLE - 1) });
      for (let state = erasure; !state.isComplete; )
        state = await client.erasures.get({ botId, erasureId: erasure.id });
      await client.cancel({ botId, notificationId: unwanted });
      let audience = 0;
      const expected = new Map<string, number>();
      for (const notificationId of [sent, uploaded, unwanted]) {
        for await (const _ of client.events({ botId, notificationId }));
        const { counts, reasons } = await client.notification({ botId, notificationId });
        audience += counts.total;
        for (const [end, count] of Object.entries({ ...reasons, '': counts.delivered }))
          expected.set(end, (expected.get(end) ?? 0) + count);
      }
      const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((all, count) => all + count, 0);
      // What is durable can be read a moment before the process that made it so has heard.
      let counted = await countEnds(server.url);
      for (let look = 0; look < 100 && sum(counted) < audience; look += 1) counted = await countEnds(server.url);
      assert.deepEqual(new Map([...counted].toSorted()), new Map([...expected].toSorted()));
      assert.equal(
        [...counted.values()].reduce((sum, value) => sum + value, 0),
        audience,
      );
      assert.equal(counted.get('duplicate'), 5 + (PEOPLE - 5) + 5);
      assert.equal(counted.get('excluded'), 10);
      assert.ok((counted.get('erased') ?? 0) > 0);

      // What is left to tell the others is told by a server that stops.
      assert.equal(await server.stop(), 0);
      const next = await rehearsal.start(['--database', database]);
      const { minutes, reasons } = await rehearsal.client(next.url).overview({ botId, minutes: 60 });
      const plotted = new Map(
        Map.groupBy(reasons, ({ reason }) => reason ?? '')
          .entries()
          .map(([reason, all]) => [reason, all.reduce((count, one) => count + one.count, 0)]),
      );
      plotted.set(
        '',
        minutes.reduce((all, { delivered }) => all + delivered, 0),
      );
      assert.deepEqual(
        new Map([...plotted].toSorted()),
        new Map([...expected].toSorted()),
        'the overview says the same',
      );
    });
  }

  it('shows what waits', { timeout: 60_000 }, async () => {
    const server = await rehearsal.start(['--database', 'sqlite::memory:']);
    await rehearsal.importPeople(server.url, 1);
    // The provider is away, so whoever is written to waits for the next attempt.
    rehearsal.sandbox.faults.set([{ provider: 'teams', fault: { kind: 'status', status: 503, body: '' } }]);
    const told = server.next(/"batch attempted"/);
    await rehearsal.notify(server.url, 1, 'hello');
    await told;
    // What was accepted is told to the store twice a second, and the store is asked once a second.
    let samples = await scrape(server.url);
    while (samples.get('beckon_queue_recipients') !== 1) samples = await scrape(server.url);
    assert.equal(samples.get('beckon_recipients_total{channel="msteams",state="delivered",reason=""}'), undefined);
  });
});
