import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { untilFinished } from './support/beckon.ts';
import { openRehearsal, type Rehearsal } from './support/rehearsal.ts';

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
