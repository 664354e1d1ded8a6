import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { answerOf, questionOf } from './apart-crossings.ts';
import { decodeRecipients, type writeRecipients } from './recipients.ts';

const textOrNull = fc.option(fc.string({ unit: 'binary' }));
const texts = fc.dictionary(fc.string(), fc.string({ unit: 'binary' }), { noNullPrototype: true });
const many = { maxLength: 5 };

const recipient = fc.record({
  seq: fc.nat(),
  identity: fc.string(),
  customMessage: textOrNull,
  parameters: fc.option(texts),
  attempts: fc.nat(),
  maybeSent: fc.boolean(),
});
const printed = fc.tuple(recipient, fc.string()).map(([rest, text]) => ({ ...rest, printed: text }));
const recipients = fc.array(fc.oneof(recipient, printed), many);

const log = fc.record({
  seq: fc.nat(),
  identity: fc.string(),
  state: fc.constantFrom('delivered', 'failed', 'unknown'),
  reason: textOrNull,
  detail: textOrNull,
  personId: textOrNull,
  channelId: textOrNull,
  providerMessageId: textOrNull,
  attempts: fc.nat(),
  maybeDoubled: fc.boolean(),
  at: fc.integer(),
});
const remainder = fc.option(fc.array(fc.record({ recipients, delayMs: fc.nat() }), many));
const progress = fc.record({ batch: fc.record({ token: fc.nat() }), logs: fc.array(log, many), remainder });

const address = fc.option(fc.record({ channelId: fc.string(), reference: fc.option(texts) }));
const plainlyResolved = fc.record({ personId: fc.string(), address, workedAt: fc.option(fc.nat()) });
const about = fc.record({ locale: textOrNull, timeZone: textOrNull });
const resolved = fc.oneof(
  plainlyResolved,
  fc.tuple(plainlyResolved, about).map(([rest, about]) => ({ ...rest, about })),
);

describe('what crosses between threads as text', () => {
  const whole = {
    checkpoint: fc.record({ batches: fc.array(progress, many), again: fc.boolean() }),
    claimDue: fc.array(fc.record({ token: fc.nat(), recipients }), many),
    resolve: fc.array(fc.tuple(fc.string(), resolved), many).map((known) => new Map(known)),
  };

  it('asks for checkpoint what was asked', () => arrivesWhole(questionOf('checkpoint'), whole.checkpoint));
  it('asks to accept the recipients as they are stored', () => {
    const { pack, unpack } = questionOf('accept');
    const options = fc.option(fc.record({ canary: fc.record({ recipients: fc.nat(300) }) }), { nil: undefined });
    const notification = options.map((chosen) => (chosen === undefined ? {} : { options: chosen }));
    const requests = fc.record({ notification, recipients, delayMs: fc.nat() });
    fc.assert(
      fc.property(requests, (request) => {
        const arrived = unpack(structuredClone(pack(request))) as ReturnType<typeof writeRecipients>;
        const found = arrived.batches.flatMap((batch) => decodeRecipients(batch.recipients));
        assert.deepEqual(found, structuredClone(request.recipients));
        const { notification, delayMs } = structuredClone(request);
        const follower = request.recipients[notification.options?.canary.recipients || Infinity];
        const held = follower && { heldFrom: follower.seq };
        assert.deepEqual({ ...arrived, batches: null }, { notification, delayMs, batches: null, ...held });
      }),
    );
  });
  for (const verb of ['claimDue', 'resolve'] as const) {
    it(`answers ${verb} what was answered`, () => arrivesWhole(answerOf(verb), whole[verb]));
  }
});

function arrivesWhole({ pack, unpack }: ReturnType<typeof questionOf>, values: fc.Arbitrary<unknown>): void {
  fc.assert(
    fc.property(values, (value) => {
      assert.deepEqual(unpack(structuredClone(pack(value))), structuredClone(value));
    }),
  );
}
