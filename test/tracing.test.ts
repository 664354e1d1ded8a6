import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { readTraceparent } from '../src/model/tracer.ts';
import { type BeckonProcess, untilFinished } from './support/beckon.ts';
import { emailOf, openRehearsal, type Rehearsal } from './support/rehearsal.ts';
import { runCli } from './support/run-cli.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const PEOPLE = 12;

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly status: { readonly code?: number };
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

/** What was posted to it, by the path; answers no more than a status, 200 unless it was told of another. */
async function openReceiver() {
  const statuses: number[] = [];
  const received: { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: unknown }[] = [];
  const arrivals = new EventEmitter();
  const server = createServer(async (request, response) => {
    received.push({ path: request.url ?? '', headers: request.headers, body: await json(request) });
    arrivals.emit('arrival');
    response.writeHead(statuses.shift() ?? 200, { 'content-type': 'application/json' }).end('{}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    statuses,
    async until(count: number): Promise<void> {
      while (received.length < count) await once(arrivals, 'arrival');
    },
    close: () => server.close().closeAllConnections(),
  };
}

type Receiver = Awaited<ReturnType<typeof openReceiver>>;

describe('traces', () => {
  let collector: Receiver;
  let hook: Receiver;
  let rehearsal: Rehearsal;
  before(async () => {
    [collector, hook] = await Promise.all([openReceiver(), openReceiver()]);
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const beside = () => [{ channel: 'ivr', name: 'Webhook', url: `${hook.url}/hook`, secret }];
    rehearsal = await openRehearsal({ limits: 'off', beside });
  });
  after(async () => {
    await rehearsal.close();
    for (const receiver of [collector, hook]) receiver.close();
  });

  const start = (env: Readonly<Record<string, string>>) =>
    rehearsal.start(['--database', 'sqlite::memory:'], undefined, env);

  /** Sends as somebody does whose own program is traced; resolves when it is over. */
  async function send(server: BeckonProcess, body: object, traceparent = `00-${TRACE}-${PARENT}-01`) {
    const { botId, token } = rehearsal;
    const response = await fetch(`${server.url}/api/v1/bots/${botId}/notifications`, {
      method: 'POST',
      headers: { auth: token, 'content-type': 'application/json', traceparent },
      body: JSON.stringify({ message: { type: 'text', val: 'hello' }, ...body }),
    });
    assert.equal(response.status, 202);
    const { id } = (await response.json()) as { readonly id: string };
    await untilFinished(server, async () => {
      const { counts } = await rehearsal.client(server.url).notification({ botId, notificationId: id });
      return { status: counts.pending > 0 ? 'IN_PROGRESS' : 'over' };
    });
    return id;
  }

  function spansOfTrace(): readonly Span[] {
    const pages = collector.received.filter(({ path }) => path === '/v1/traces').map(({ body }) => Object(body));
    const scopes = pages.flatMap(({ resourceSpans }) => resourceSpans).flatMap(({ scopeSpans }) => scopeSpans);
    return scopes.flatMap(({ spans }): Span[] => spans).filter(({ traceId }) => traceId === TRACE);
  }

  it('go from the call over the batch to the provider, a few sends of each batch', async () => {
    const server = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await rehearsal.importPeople(server.url, PEOPLE);
    rehearsal.sandbox.faults.set([{ provider: 'teams', times: 1, fault: { kind: 'status', status: 403, body: '{}' } }]);
    const recipients = Array.from({ length: PEOPLE }, (_, index) => emailOf(index));
    const id = await send(server, { channel: 'msteams', recipients });
    assert.equal(await server.stop(), 0);

    const spans = spansOfTrace();
    const named = (name: string) => spans.filter((span) => span.name === name);
    const [call, ...moreCalls] = named('POST /api/v1/bots/:botId/notifications');
    const [batch, ...moreBatches] = named('deliver msteams');
    assert.deepEqual([moreCalls, moreBatches], [[], []]);
    assert.equal(call?.parentSpanId, PARENT);
    assert.equal(batch?.parentSpanId, call?.spanId);
    assert.deepEqual(factOf(batch, 'beckon.notification'), { stringValue: id });
    assert.deepEqual(factOf(batch, 'beckon.delivered'), { intValue: PEOPLE - 1 });
    const sends = named('send msteams');
    assert.equal(sends.length, 5);
    assert.ok(sends.every(({ parentSpanId }) => parentSpanId === batch?.spanId));
    assert.equal(sends.filter(({ status }) => status.code === 2).length, 1, 'the one that was refused');
    const calls = named('POST').filter(({ parentSpanId }) => sends.some(({ spanId }) => spanId === parentSpanId));
    assert.ok(calls.length >= sends.length);
    assert.ok(calls.some((span) => JSON.stringify(factOf(span, 'http.response.status_code')).includes('403')));
    assert.doesNotMatch(JSON.stringify(spans), /example\.com|person-/, 'nobody is named');
    assert.match(JSON.stringify(collector.received[0]?.body), /"service\.name".{0,30}"beckon"/);
  });

  it('go on at a webhook', async () => {
    const server = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await send(server, { channel: 'ivr', recipients: ['ann@example.com'] });
    await server.stop();
    const { traceparent = '' } = hook.received.at(-1)?.headers ?? {};
    const [span] = spansOfTrace().filter(({ name }) => name === 'send ivr');
    assert.equal(traceparent, `00-${TRACE}-${span?.spanId}-01`);
  });

  it('go on where somebody is told how far it is, and say what they answered', async () => {
    const server = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    const before = hook.received.length;
    const callback = { connection: 'Webhook', on: ['finished'] };
    // Told again seconds later, when this server has stopped.
    hook.statuses.push(302);
    const id = await send(server, { channel: 'msteams', recipients: [emailOf(0)], callback });
    await hook.until(before + 1);
    await server.stop();
    const { traceparent = '' } = hook.received.at(-1)?.headers ?? {};
    const [span, ...others] = spansOfTrace().filter(({ name }) => name === 'tell');
    assert.deepEqual([traceparent, others], [`00-${TRACE}-${span?.spanId}-01`, []]);
    assert.deepEqual(factOf(span, 'beckon.notification'), { stringValue: id });
    assert.deepEqual([span?.status.code, factOf(span, 'http.response.status_code')], [2, { intValue: 302 }]);
    assert.deepEqual(factOf(span, 'error.type'), { stringValue: '302' });
    assert.ok(spansOfTrace().some(({ name, parentSpanId }) => name === 'POST' && parentSpanId === span?.spanId));
  });

  it('pass through where nobody collects them', async () => {
    const server = await start({});
    const known = collector.received.length;
    await send(server, { channel: 'ivr', recipients: ['ann@example.com'] });
    await send(server, { channel: 'ivr', recipients: ['bo@example.com'] }, 'no traceparent');
    await server.stop();
    const carried = hook.received.slice(-2).map(({ headers }) => headers['traceparent']);
    assert.deepEqual(carried, [`00-${TRACE}-${PARENT}-01`, undefined]);
    assert.equal(collector.received.length, known);
  });

  it('are as many as the caller, or OTEL_TRACES_SAMPLER, has them', async () => {
    const known = collector.received.length;
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER: 'parentbased_always_off' };
    const server = await start(env);
    await send(server, { channel: 'ivr', recipients: ['ann@example.com'] }, `00-${TRACE}-${PARENT}-00`);
    assert.equal(hook.received.at(-1)?.headers['traceparent'], `00-${TRACE}-${PARENT}-00`);
    await send(server, { channel: 'ivr', recipients: ['ann@example.com'] }, '');
    await server.stop();
    assert.equal(collector.received.length, known);
  });

  it('keep no server from working or stopping when the collector is away', async () => {
    const server = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    await send(server, { channel: 'ivr', recipients: ['ann@example.com'] });
    assert.equal(await server.stop(), 0);
    assert.ok(server.lines.some((line) => line.includes('"traces not sent"')));
  });

  it('are refused with a sentence when they are asked for wrongly', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_TRACES_SAMPLER: 'traceidratio' };
    const serve = ['serve', '--config', rehearsal.configPath, '--database', 'sqlite::memory:', '--port', '0'];
    const { code, stderr } = await runCli(serve, { env: { ...env, OTEL_TRACES_SAMPLER_ARG: '10%' } });
    assert.deepEqual(
      [code, stderr],
      [78, `beckon: OTEL_TRACES_SAMPLER_ARG: "10%" is no share of traces; give a number from 0 to 1, such as 0.1.\n`],
    );
  });
});

it('a traceparent is read as the standard has it', () => {
  const good = `00-${TRACE}-${PARENT}-01`;
  assert.equal(readTraceparent(good), good);
  assert.equal(readTraceparent(`cc${good.slice(2)}-what-the-future-will-be-like`), good);
  const nothing = '0'.repeat(32);
  for (const bad of [
    '',
    `${good}-more`,
    `ff${good.slice(2)}`,
    good.toUpperCase(),
    `00-${nothing}-${PARENT}-01`,
    [good],
  ])
    assert.equal(readTraceparent(bad), null);
});

const factOf = (span: Span | undefined, key: string): object | undefined =>
  span?.attributes.find((attribute) => attribute.key === key)?.value;
