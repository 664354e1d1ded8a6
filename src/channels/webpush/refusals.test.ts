import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judgeAnswer, type Refused } from './refusals.ts';

/** A recipient, G recipient whose address is forgotten, B connection, M message, C failed, d busy recipient, U unknown. */
type Class = 'A' | 'G' | 'B' | 'M' | 'C' | 'd' | 'U';

const google = {
  otherKey:
    'the VAPID credentials in the authorization header do not correspond to the credentials used to create the subscriptions.\n',
  otherSender:
    'the key in the authorization header does not correspond to the sender ID used to subscribe this user. Please ensure…\n',
  badToken: 'invalid JWT provided\n',
  noToken:
    'crypto-key header had invalid format. crypto-key header should have the following format: p256ecdsa=base64\n',
  gone: 'push subscription has unsubscribed or expired.\n',
};
const mozilla = (code: number, errno: number, message: string) => ({ code, errno, error: 'Unauthorized', message });
const apple = (reason: string) => ({ reason });

/** [status, body, class, reason] */
const TABLE: readonly (readonly [number, string | object, Class, string | null])[] = [
  [404, '', 'G', 'address_gone'],
  [404, mozilla(404, 102, 'Invalid URL endpoint'), 'G', 'address_gone'],
  [410, google.gone, 'G', 'address_gone'],
  [410, mozilla(410, 106, 'No such subscription'), 'G', 'address_gone'],
  [410, mozilla(410, 103, 'Expired URL endpoint'), 'G', 'address_gone'],
  [400, mozilla(400, 105, 'Endpoint became unavailable during request'), 'G', 'address_gone'],
  [410, apple('Unregistered'), 'G', 'address_gone'],

  [400, apple('VapidPkHashMismatch'), 'A', 'unreachable_recipient'],
  [400, 'UnauthorizedRegistration', 'A', 'unreachable_recipient'],
  [401, mozilla(401, 109, 'VAPID public key mismatch'), 'A', 'unreachable_recipient'],
  [403, 'MismatchSenderId', 'A', 'unreachable_recipient'],
  [403, google.otherKey, 'A', 'unreachable_recipient'],
  [403, google.otherSender, 'A', 'unreachable_recipient'],
  [400, mozilla(400, 101, 'Missing necessary crypto keys'), 'A', 'unreachable_recipient'],
  [400, mozilla(400, 108, 'Router type is invalid'), 'A', 'unreachable_recipient'],
  [400, mozilla(400, 110, 'Invalid crypto keys specified'), 'A', 'unreachable_recipient'],

  [400, google.badToken, 'B', 'connection_refused'],
  [400, google.noToken, 'B', 'connection_refused'],
  [401, '', 'B', 'connection_refused'],
  [401, mozilla(401, 109, 'Request did not validate Invalid Authorization Header'), 'B', 'connection_refused'],
  [403, '', 'B', 'connection_refused'],
  [403, apple('BadJwtToken'), 'B', 'connection_refused'],
  [403, apple('ExpiredProviderToken'), 'B', 'connection_refused'],
  [403, google.badToken, 'B', 'connection_refused'],

  [413, '', 'M', 'message_too_large'],
  [413, mozilla(413, 104, 'Payload Too Large'), 'M', 'message_too_large'],
  [413, apple('PayloadTooLarge'), 'M', 'message_too_large'],
  [400, mozilla(400, 111, 'Missing Required Header'), 'M', 'message_invalid'],
  [400, mozilla(400, 112, 'Invalid TTL header value'), 'M', 'message_invalid'],
  [400, mozilla(400, 113, 'Invalid Topic header value'), 'M', 'message_invalid'],

  [429, '', 'd', null],
  [429, apple('TooManyRequests'), 'd', null],
  [500, '', 'C', 'provider_error'],
  [502, '', 'C', 'provider_error'],
  [503, mozilla(503, 201, 'Use exponential back-off for retries'), 'C', 'provider_error'],
  [503, mozilla(503, 202, 'Please reconnect'), 'C', 'provider_error'],
  [408, '', 'C', 'provider_error'],
  [425, '', 'C', 'provider_error'],
  [501, '', 'U', 'provider_error'],
  [504, '', 'U', 'provider_error'],
  [599, '', 'U', 'provider_error'],

  [301, '', 'A', 'url_refused'],
  [302, '', 'A', 'url_refused'],
  [308, '', 'A', 'url_refused'],
  [400, '', 'A', 'provider_error'],
  [400, '<html>nginx says: vapid</html>', 'A', 'provider_error'],
  [405, '', 'A', 'provider_error'],
  [418, { errno: '109' }, 'A', 'provider_error'],
];

describe('a push service’s', () => {
  for (const [status, body, expected, reason] of TABLE) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    test(`${status} ${text.trim().slice(0, 80)}: ${expected} ${reason}`, () => {
      assert.deepEqual(outline(judge(status, text)), [expected, reason]);
    });
  }
});

describe('what it says', () => {
  test('is told, after the host and the status', () => {
    assert.equal(judge(401, JSON.stringify(mozilla(401, 109, 'Bad'))).detail, 'push.example answered 401: Bad');
    assert.equal(judge(400, JSON.stringify(apple('BadTtl'))).detail, 'push.example answered 400: BadTtl');
    assert.equal(judge(400, JSON.stringify({ error: { message: 'x' } })).detail, 'push.example answered 400: x');
    assert.equal(judge(410, google.gone).detail, `push.example answered 410: ${google.gone.trim()}`);
    assert.equal(judge(502, '<html>Bad gateway</html>').detail, 'push.example answered 502');
    assert.equal(judge(503, '[1,2]').detail, 'push.example answered 503: [1,2]');
  });

  test('is told without secrets, and not at any length', () => {
    assert.equal(judge(403, 'no topsecret here').detail, 'push.example answered 403: no *** here');
    assert.ok(judge(403, 'x'.repeat(60_000)).detail.length <= 256);
  });

  test('of the time to wait counts where a repeat is due', () => {
    for (const status of [429, 500, 503, 504]) {
      const refused = judge(status, '', { 'retry-after': '7' });
      assert.equal('retryAfterMs' in refused && refused.retryAfterMs, 7_000);
    }
  });
});

function judge(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Refused {
  return judgeAnswer(
    { kind: 'response', status, headers, body },
    { host: 'push.example', now: 0, secrets: ['topsecret'] },
  );
}

function outline(outcome: Refused): readonly [Class, string | null] {
  switch (outcome.kind) {
    case 'rejected':
      return [outcome.forgetAddress === true ? 'G' : SCOPES[outcome.scope], outcome.reason];
    case 'busy':
      return [outcome.scope === 'recipient' ? 'd' : 'B', null];
    case 'failed':
      return ['C', outcome.reason];
    case 'unknown':
      return ['U', outcome.reason];
  }
}

const SCOPES = { recipient: 'A', connection: 'B', message: 'M' } as const;
