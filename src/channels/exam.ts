import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { isJsonObject, type JsonObject } from '../model/json.ts';
import type { Message } from '../model/message.ts';
import type { Address, Outcome } from '../model/outcome.ts';
import type { Channel, SendRequest } from './contract.ts';
import { type Desk, type DeskOptions, openDesk } from './test-desk.ts';

/** What the exam needs of a simulated provider. */
export interface ExamSimulator {
  readonly faults: { set(rules: readonly ExamFault[]): unknown; clear(): void };
  /** Messages that reached their recipients. */
  readonly ledger: { total(): number; clear(): void };
  close(): Promise<void>;
}

export interface ExamFault {
  readonly provider?: string;
  readonly route?: string;
  readonly fault: object;
}

export interface Exam<Simulator extends ExamSimulator> {
  readonly channel: Channel;
  readonly start: () => Promise<Simulator>;
  /** Settings of a connection to the simulator. */
  readonly settings: (simulator: Simulator) => JsonObject;
  /** The call that carries the message, as the simulator's faults name it. */
  readonly provider: string;
  readonly route: string;
  /** Someone who can be reached; a function where the address names the simulator. */
  readonly address: Address | ((simulator: Simulator) => Address);
  readonly nativePayload: JsonObject;
  /** Any 2xx is a success, whatever its body: nobody tells receivers what to answer. */
  readonly anyBodyWillDo: boolean;
  /** status → kind of outcome, for statuses with a meaning of their own. */
  readonly statuses: Readonly<Record<number, Outcome['kind']>>;
}

/** What it means to be a channel, executable. Declares the tests; call it once in a test file. */
export function examineChannel<Simulator extends ExamSimulator>(exam: Exam<Simulator>): void {
  const { channel } = exam;
  let simulator: Simulator;
  let desk: Desk;

  before(async () => {
    simulator = await exam.start();
    desk = openDesk(optionsAt(simulator));
  });
  after(async () => {
    await desk.close();
    await simulator.close();
  });

  const optionsAt = (place: Simulator): DeskOptions => ({
    channel,
    settings: exam.settings(place),
    address: typeof exam.address === 'function' ? exam.address(place) : exam.address,
  });
  const fail = (fault: ExamFault['fault']) =>
    simulator.faults.set([{ provider: exam.provider, route: exam.route, fault }]);
  const sendUnder = async (fault: ExamFault['fault'], request: Partial<SendRequest> = {}) => {
    simulator.ledger.clear();
    fail(fault);
    const outcome = checkOutcome(await desk.send(request));
    simulator.faults.clear();
    return outcome;
  };

  describe(`${channel.id}: a message that goes well`, () => {
    test('is accepted with the provider’s id, and arrives once', async () => {
      simulator.ledger.clear();
      const outcome = await desk.send();
      assert.equal(outcome.kind, 'accepted');
      assert.ok(outcome.kind === 'accepted' && outcome.providerMessageId);
      assert.equal(simulator.ledger.total(), 1);
    });

    test('may be in the provider’s own format', async () => {
      const outcome = await desk.send({ message: { type: 'native', payload: exam.nativePayload } });
      assert.equal(outcome.kind, 'accepted');
    });

    test('passes the inspection before it', () => {
      const settings = exam.settings(simulator);
      for (const message of [TEXT, { type: 'native', payload: exam.nativePayload }] as const) {
        assert.equal(channel.inspect?.(message, settings) ?? null, null);
      }
    });

    test('may be slow', async () => {
      assert.equal((await sendUnder({ kind: 'slow', delayMs: 30 })).kind, 'accepted');
    });

    test('may hold any text and go to any identity', async () => {
      for (const text of HOSTILE_TEXTS) {
        checkOutcome(await desk.send({ message: { type: 'text', text }, identity: text }));
        checkOutcome(await desk.send({ address: { channelId: text, reference: { conversationId: text } } }));
      }
    });
  });

  describe(`${channel.id}: an answer that is lost`, () => {
    for (const kind of ['reset', 'cut']) {
      test(`by a ${kind} is unknown, for the message may be out`, async () => {
        const outcome = await sendUnder({ kind, processed: true });
        assert.equal(outcome.kind, 'unknown');
        assert.equal(simulator.ledger.total(), 1, 'nothing below the engine may try again');
      });
    }

    for (const fault of [
      { kind: 'hang', processed: true },
      { kind: 'trickle', everyMs: 200 },
    ]) {
      test(`by a ${fault.kind} is unknown when the deadline comes`, async () => {
        const deadline = new AbortController();
        const pending = sendUnder(fault, { signal: deadline.signal });
        while (simulator.ledger.total() === 0) await turn();
        deadline.abort(new DOMException('', 'TimeoutError'));
        const outcome = await pending;
        assert.equal(outcome.kind === 'unknown' && outcome.reason, 'provider_timeout');
      });
    }

    test('in garbage is no success unless any body will do', async () => {
      const expected = exam.anyBodyWillDo ? 'accepted' : 'unknown';
      const html = '<html><body>All is well</body></html>';
      assert.equal((await sendUnder({ kind: 'garbage' })).kind, expected);
      assert.equal((await sendUnder({ kind: 'status', status: 200, body: html })).kind, expected);
      assert.equal((await sendUnder({ kind: 'status', status: 200, body: {} })).kind, expected);
      assert.equal((await sendUnder({ kind: 'status', status: 200, body: '' })).kind, expected);
      assert.equal((await sendUnder({ kind: 'huge' })).kind, expected);
    });
  });

  describe(`${channel.id}: a message that certainly did not go out`, () => {
    test('when the attempt was over before it began has failed', async () => {
      simulator.ledger.clear();
      const outcome = checkOutcome(await desk.send({ signal: AbortSignal.abort() }));
      assert.equal(outcome.kind, 'failed');
      assert.equal(simulator.ledger.total(), 0);
    });

    test('when nothing listens has failed', async () => {
      const elsewhere = await exam.start();
      const options = optionsAt(elsewhere);
      await elsewhere.close();
      const lonely = openDesk(options);
      const outcome = checkOutcome(await lonely.send());
      assert.equal(outcome.kind === 'failed' && outcome.reason, 'provider_unreachable');
      assert.equal((await lonely.session.check(AbortSignal.timeout(1_000))).ok, exam.anyBodyWillDo);
      await lonely.close();
    });

    test('when the network is not allowed is refused, for the whole connection', async () => {
      const fenced = openDesk({ ...optionsAt(simulator), allowPrivateNetwork: false });
      const outcome = checkOutcome(await fenced.send());
      assert.ok(outcome.kind === 'rejected');
      assert.deepEqual([outcome.scope, outcome.reason], ['connection', 'url_refused']);
      await fenced.close();
    });

    test('because of a redirect is rejected, and the redirect is not followed', async () => {
      const headers = { location: 'http://127.0.0.1:9/' };
      assert.equal((await sendUnder({ kind: 'status', status: 302, headers, body: '' })).kind, 'rejected');
    });
  });

  describe(`${channel.id}: a status`, () => {
    for (const status of [500, 501, 502, 503, 504, 599]) {
      test(`of ${status} will be tried again`, async () => {
        const outcome = await sendUnder({ kind: 'status', status, headers: { 'retry-after': '3' } });
        assert.ok(outcome.kind === 'failed' || outcome.kind === 'unknown');
        assert.equal(outcome.retryAfterMs, 3_000);
        const expected = exam.statuses[status];
        if (expected !== undefined) assert.equal(outcome.kind, expected);
      });
    }

    for (const [header, waitMs] of RETRY_AFTER) {
      test(`of 429 with Retry-After ${header} is busy`, async () => {
        const headers: Record<string, string> = header === null ? {} : { 'retry-after': header };
        const outcome = await sendUnder({ kind: 'status', status: 429, headers });
        assert.ok(outcome.kind === 'busy');
        assert.equal(outcome.retryAfterMs, waitMs);
      });
    }

    test('of 429 with a date is busy until then', async () => {
      const outcome = await sendUnder({ kind: 'status', status: 429, retryAfterSeconds: 90, retryAfterAsDate: true });
      assert.ok(outcome.kind === 'busy' && outcome.retryAfterMs !== null);
      assert.ok(outcome.retryAfterMs > 80_000 && outcome.retryAfterMs <= 90_000);
    });

    test('without sense is never a success', async () => {
      for (const status of [300, 304, 307, 400, 401, 403, 404, 405, 418, 422, 451, 499]) {
        assert.notEqual((await sendUnder({ kind: 'status', status, body: '' })).kind, 'accepted');
      }
    });
  });

  describe(`${channel.id}: the connection`, () => {
    test('never shows its secrets, not even when the provider repeats them', async () => {
      const secrets = secretsOf(channel.settings, exam.settings(simulator));
      assert.ok(secrets.length > 0, 'the settings must have a secret');
      const echo = `you sent ${secrets.join(' and ')}, ${secrets.map(encodeURIComponent).join()} !`;
      const shapes = [echo, { message: echo }, { error: { code: echo, message: echo } }, { ok: false, error: echo }];
      for (const status of [200, 400, 401, 403, 404, 413, 429, 500, 503]) {
        for (const body of shapes) {
          const said = JSON.stringify(await sendUnder({ kind: 'status', status, body }));
          for (const secret of secrets) assert.ok(!said.includes(secret), said);
        }
      }
    });

    test('can be checked without telling anyone', async () => {
      simulator.ledger.clear();
      const result = await desk.session.check(AbortSignal.timeout(2_000));
      assert.equal(result.ok, true);
      assert.equal(simulator.ledger.total(), 0);
    });

    test('frees what it holds', async () => {
      const before = openSockets();
      const guest = openDesk(optionsAt(simulator));
      await Promise.all(Array.from({ length: 20 }, () => guest.send()));
      assert.ok(openSockets() > before, 'the test must open connections');
      await guest.close();
      while (openSockets() > before) await turn();
    });

    test('names its account without a secret, and limits of an address whatever it is', () => {
      const settings = exam.settings(simulator);
      const connection = desk.connection;
      const account = channel.account?.(connection) ?? '';
      for (const secret of secretsOf(channel.settings, settings)) assert.ok(!account.includes(secret));
      assert.equal(channel.account?.(connection) ?? '', account);
      for (const text of HOSTILE_TEXTS) {
        for (const reference of [null, { conversationId: text }]) {
          const address = { channelId: text, reference };
          const scopes = channel.scopes?.(connection, address) ?? [];
          assert.deepEqual(channel.scopes?.(connection, structuredClone(address)) ?? [], scopes);
        }
      }
    });

    test('finds no fault with a good message, and stumbles over none', () => {
      const settings = exam.settings(simulator);
      const inspect = (message: Message) => channel.inspect?.(message, settings) ?? null;
      assert.equal(inspect({ type: 'text', text: 'hello' }), null);
      assert.equal(inspect({ type: 'native', payload: exam.nativePayload }), null);
      for (const text of HOSTILE_TEXTS) {
        for (const payload of [
          { [text]: text },
          { text: [text] },
          { blocks: { text } },
          { attachments: [null, text] },
        ]) {
          const fault = inspect({ type: 'native', payload });
          if (fault !== null) assert.ok(fault.detail.length > 0 && fault.detail.length <= 256, fault.detail);
        }
      }
    });

    test('has strict, explained settings with their defaults', () => {
      const properties: unknown = Reflect.get(channel.settings, 'properties');
      assert.ok(isJsonObject(properties));
      for (const [key, schema] of Object.entries(properties)) {
        assert.ok(isJsonObject(schema) && typeof schema['description'] === 'string', `${key} needs a description`);
      }
      const settings = exam.settings(simulator);
      assert.ok(Value.Check(channel.settings, Value.Default(channel.settings, structuredClone(settings))));
      assert.ok(!Value.Check(channel.settings, { ...settings, colour: 'red' }));
    });
  });
}

const TEXT = { type: 'text', text: 'hello' } as const;

const HOSTILE_TEXTS = ['\ud800', '\u0000', '\r\nwebhook-id: x', '{"a":1}', '&<>"\'', '🧨'.repeat(500)];

/** [header, milliseconds] */
const RETRY_AFTER: readonly (readonly [string | null, number | null])[] = [
  [null, null],
  ['2', 2_000],
  ['0', null],
  ['999999999', 3_600_000],
  ['1e99', null],
  ['-1', null],
  ['NaN', null],
  ['Thu, 01 Jan 2099 00:00:00 GMT', 3_600_000],
];

export function checkOutcome(outcome: Outcome): Outcome {
  if (outcome.kind === 'accepted') return outcome;
  assert.ok(outcome.detail.length > 0 && outcome.detail.length <= 256, outcome.detail);
  assert.doesNotMatch(outcome.detail, /\p{C}/u);
  return outcome;
}

export function secretsOf(schema: TSchema, settings: JsonObject): string[] {
  const properties: unknown = Reflect.get(schema, 'properties');
  assert.ok(isJsonObject(properties));
  return Object.entries(settings).flatMap(([key, value]) => {
    const property = properties[key];
    if (!isJsonObject(property) || property['secret'] !== true) return [];
    return typeof value === 'string' ? [value] : [];
  });
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length;
}
