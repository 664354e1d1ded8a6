import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Recipient } from '../model/notification.ts';
import type { Outcome } from '../model/outcome.ts';
import { type Decision, deadlineOf, decide, type Facts } from './policy.ts';

const NOW = 1_000_000;
const DAY = 86_400_000;
const recipient: Recipient = {
  seq: 0,
  identity: 'a',
  customMessage: null,
  parameters: null,
  attempts: 0,
  maybeSent: false,
};
const facts: Facts = {
  recipient,
  lane: 'normal',
  deadline: NOW + DAY,
  now: NOW,
  afterUnknown: 'retry',
  holdMs: 0,
};
const tried = (attempts: number, maybeSent = false): Partial<Facts> => ({
  recipient: { ...recipient, attempts, maybeSent },
});

const accepted: Outcome = { kind: 'accepted', providerMessageId: 'm' };
const refused: Outcome = { kind: 'rejected', scope: 'recipient', reason: 'blocked_by_recipient', detail: 'blocked' };
const broken: Outcome = { kind: 'rejected', scope: 'connection', reason: 'connection_refused', detail: 'bad secret' };
const busy = (retryAfterMs: number | null): Outcome => ({
  kind: 'busy',
  scope: 'connection',
  retryAfterMs,
  detail: '429',
});
const failed: Outcome = { kind: 'failed', reason: 'provider_error', detail: '503' };
const failedFor = (retryAfterMs: number): Outcome => ({ ...failed, retryAfterMs });
const lost: Outcome = { kind: 'unknown', reason: 'answer_lost', detail: 'reset' };

const end = (state: string, reason: string | null, attempts: number, maybeDoubled = false) => ({
  kind: 'final',
  state,
  reason,
  attempts,
  maybeDoubled,
});
const again = (delayMs: number, attempts: number, maybeSent = false) => ({
  kind: 'retry',
  delayMs,
  attempts,
  maybeSent,
});

// random() answers 0.5 throughout: back-off is half its ceiling, jitter 5 %.
const table: readonly [title: string, Outcome, Partial<Facts>, object][] = [
  ['accepted', accepted, {}, end('delivered', null, 1)],
  ['accepted at the third try, one of which was lost', accepted, tried(2, true), end('delivered', null, 3, true)],
  ['refused', refused, {}, end('failed', 'blocked_by_recipient', 1)],
  ['refused after a lost answer', refused, tried(1, true), end('failed', 'blocked_by_recipient', 2, true)],
  ['connection refused: held, no attempt spent', broken, { holdMs: 5_000 }, again(5_250, 0)],
  ['busy with a time: floor and jitter, no attempt spent', busy(10_000), tried(3), again(10_500, 3)],
  ['busy without a time: back-off, no attempt spent', busy(null), tried(2), again(4_200, 2)],
  ['busy for ever: within the hour we look again', busy(1e12), {}, again(3_600_000, 0)],
  ['busy until after the expiry', busy(60_000), { deadline: NOW + 60_000 }, end('expired', 'expired', 0)],
  ['failed once', failed, {}, again(1_000, 1)],
  ['failed with a time', failedFor(30_000), {}, again(31_500, 1)],
  ['failed often: capped', failed, tried(10), again(300_000, 11)],
  ['failed for the last time', failed, tried(11), end('failed', 'provider_error', 12)],
  ['failed for the last time after a lost answer', failed, tried(11, true), end('failed', 'provider_error', 12, true)],
  ['failed, urgent', failed, { lane: 'urgent' }, again(250, 1)],
  ['failed, bulk', failed, { lane: 'bulk' }, again(5_000, 1)],
  ['failed with no time left', failed, { now: NOW + DAY - 500 }, end('expired', 'expired', 1)],
  ['lost, and the channel repeats', lost, {}, again(1_000, 1, true)],
  ['lost for the last time: nobody knows', lost, tried(11), end('unknown', 'answer_lost', 12)],
  ['lost, and the channel holds', lost, { afterUnknown: 'hold' }, end('unknown', 'answer_lost', 1)],
];

describe('decide', () => {
  for (const [title, outcome, more, expected] of table) {
    it(title, () => {
      assert.deepEqual(brief(decide(outcome, { ...facts, ...more }, () => 0.5)), expected);
    });
  }

  it('never comes back at once, however the dice fall', () => {
    const decision = decide(failed, facts, () => 0);
    assert.equal(decision.kind === 'retry' && decision.delayMs, 100);
  });

  it('backs off over the whole range (full jitter)', () => {
    const delays = [0.1, 0.9].map((luck) => decide(failed, { ...facts, ...tried(5) }, () => luck));
    assert.deepEqual(
      delays.map((decision) => decision.kind === 'retry' && Math.round(decision.delayMs)),
      [6_400, 57_600],
    );
  });

  it('says in the log of an expired recipient what happened last', () => {
    const decision = decide(failed, { ...facts, now: NOW + DAY - 1 }, () => 0.5);
    assert.equal(decision.kind === 'final' && decision.detail, 'last: 503');
  });
});

describe('deadlineOf', () => {
  const asked = { lane: 'urgent', createdAt: NOW, expiresAt: NOW + DAY } as const;
  const window = { from: '08:00', until: '20:00', timeZone: 'person', fallbackTimeZone: 'UTC' };

  it('is when the lane gives up, or the sender if that is earlier', () => {
    assert.equal(deadlineOf(asked), NOW + 600_000, 'urgent is over after ten minutes');
    assert.equal(deadlineOf({ ...asked, expiresAt: NOW + 1 }), NOW + 1);
  });

  it('counts from when sending could begin', () => {
    assert.equal(deadlineOf({ ...asked, options: { sendAt: NOW + DAY / 2 } }), NOW + DAY / 2 + 600_000);
  });

  it("is the sender's alone where people are waited for", () => {
    assert.equal(deadlineOf({ ...asked, options: { window } }), NOW + DAY);
    assert.equal(deadlineOf({ ...asked, options: { quietHours: [window] } }), NOW + DAY);
  });
});

function brief(decision: Decision): object {
  if (decision.kind === 'final') {
    const { kind, state, reason, attempts, maybeDoubled } = decision;
    return { kind, state, reason, attempts, maybeDoubled };
  }
  const { attempts, maybeSent } = decision.recipient;
  return { kind: 'retry', delayMs: Math.round(decision.delayMs), attempts, maybeSent };
}
