import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { recipientRef } from '../../model/ids.ts';
import type { JsonObject } from '../../model/json.ts';
import type { News } from '../../model/news.ts';
import { readNews } from './events.ts';

const NOTIFICATION = 'ds-0c1f4ba4-5a05-5e0c-9e0e-6b1d3a2c4f10';
const NOW = 1_760_000_000_000;
const SENT_AT = '1759999000';
const AT = 1_759_999_000_000;
const CONTEXT = { phoneNumberId: '1001', marketingStop: 'silence', accessToken: 'EAAsecret' } as const;

const metadata = { display_phone_number: '15550100001', phone_number_id: '1001' };
const change = (value: JsonObject, field = 'messages'): JsonObject => ({ field, value: { metadata, ...value } });
const body = (...changes: JsonObject[]): JsonObject => ({
  object: 'whatsapp_business_account',
  entry: [{ id: '2002', changes }],
});
const read = (value: JsonObject, field?: string, context: Parameters<typeof readNews>[1] = CONTEXT): News[] =>
  readNews(body(change(value, field)), context, NOW);

const status = (more: JsonObject): JsonObject => ({
  id: 'wamid.1',
  recipient_id: '4915112345678',
  timestamp: SENT_AT,
  biz_opaque_callback_data: recipientRef(NOTIFICATION, 7),
  ...more,
});
const receipt = (more: object): object => ({
  kind: 'receipt',
  notificationId: NOTIFICATION,
  seq: 7,
  at: AT,
  reason: null,
  detail: null,
  ...more,
});

describe('A status', () => {
  for (const state of ['sent', 'delivered', 'read']) {
    test(`of ${state}`, () => assert.deepEqual(read({ statuses: [status({ status: state })] }), [receipt({ state })]));
  }

  test('that failed for no reason that is told', () => {
    const told = { state: 'failed', reason: 'provider_error', detail: 'WhatsApp gave no reason.' };
    for (const errors of [[], [null], [{ code: 'x' }]]) {
      assert.deepEqual(read({ statuses: [status({ status: 'failed', errors })] }), [receipt(told)]);
    }
  });

  test('in several entries, changes and lists', () => {
    const two = { statuses: [status({ status: 'sent' }), status({ status: 'read' })] };
    const [entry] = Array.isArray(body()['entry']) ? [body(change(two), change(two))] : [];
    const entries = { ...body(), entry: [...listOf(entry), ...listOf(entry)] };
    const states = readNews(entries, CONTEXT, NOW).map((news) => news.kind === 'receipt' && news.state);
    assert.deepEqual(states, ['sent', 'read', 'sent', 'read', 'sent', 'read', 'sent', 'read']);
  });

  test('told twice is the same news', () => {
    const [one, other] = read({ statuses: [status({ status: 'read' }), status({ status: 'read' })] });
    assert.deepEqual(one, other);
  });
});

/** [timestamp, epoch ms] */
const TIMES: readonly (readonly [string | number | null, number])[] = [
  [SENT_AT, AT],
  [1_759_999_000, AT],
  ['1760000001', NOW],
  ['999999999999', NOW],
  ['1759999000000000000', NOW],
  ['-5', NOW],
  ['soon', NOW],
  [null, NOW],
];

describe('A time', () => {
  for (const [timestamp, at] of TIMES) {
    test(`of ${timestamp}`, () => {
      assert.deepEqual(read({ statuses: [status({ status: 'read', timestamp })] }), [receipt({ state: 'read', at })]);
    });
  }
});

/** [code, reason]: those that come by webhook, beside the table of refusals */
const CODES: readonly (readonly [number, string])[] = [
  [131026, 'unreachable_recipient'],
  [131047, 'unreachable_recipient'],
  [130472, 'unreachable_recipient'],
  [131049, 'unreachable_recipient'],
  [131050, 'opted_out'],
  [130497, 'unreachable_recipient'],
  [131053, 'message_invalid'],
  [132005, 'message_too_large'],
  [132015, 'message_invalid'],
  [131042, 'connection_refused'],
  [131031, 'connection_refused'],
  [131048, 'connection_refused'],
  [130429, 'rate_limited'],
  [131056, 'rate_limited'],
  [80007, 'rate_limited'],
  [131000, 'provider_error'],
  [131016, 'provider_error'],
  [987654, 'provider_error'],
];

describe('A failure', () => {
  for (const [code, reason] of CODES) {
    test(`${code}: ${reason}`, () => {
      const errors = [{ code, title: 'A title', message: 'A title', error_data: { details: 'with EAAsecret\nin it' } }];
      const [first, ...others] = read({ statuses: [status({ status: 'failed', errors })] });
      const detail = `WhatsApp said ${code}: A title: with *** in it`;
      assert.deepEqual(first, receipt({ state: 'failed', reason, detail }));
      assert.equal(others.length, code === 131050 ? 1 : 0);
    });
  }

  const stopped = {
    statuses: [
      status({
        status: 'failed',
        recipient_user_id: 'US.1',
        errors: [{ code: 131050, title: 'User has stopped marketing messages' }],
      }),
    ],
  };

  test('of somebody who stopped marketing messages silences them by every name', () => {
    const [, ...words] = read(stopped);
    const word = { kind: 'silenced', reason: 'opted_out', at: AT, saidAt: AT };
    const detail = 'WhatsApp said 131050: User has stopped marketing messages';
    assert.deepEqual(words, [
      { ...word, identity: '+4915112345678', detail },
      { ...word, identity: 'US.1', detail },
    ]);
  });

  test('or does not, where that is configured', () => {
    assert.equal(read(stopped, 'messages', { ...CONTEXT, marketingStop: 'ignore' }).length, 1);
  });
});

/** [message, contacts, identities; null: nobody was met] */
const WRITERS: readonly (readonly [JsonObject, readonly JsonObject[], readonly string[] | null])[] = [
  [{ from: '4915112345678' }, [{ wa_id: '4915112345678' }], ['+4915112345678']],
  [{ from: '4915112345678' }, [], ['+4915112345678']],
  [
    { from: '4915112345678', from_user_id: 'DE.9' },
    [{ wa_id: '4915112345678', user_id: 'DE.9' }],
    ['+4915112345678', 'DE.9'],
  ],
  [{ from: '4915112345678' }, [{ wa_id: '4915112345678', user_id: 'DE.9' }], ['+4915112345678', 'DE.9']],
  [{ from_user_id: 'DE.9' }, [{ user_id: 'DE.9' }], ['DE.9']],
  [{ from_user_id: 'DE.9' }, [], ['DE.9']],
  [{ from_user_id: 'DE.9' }, [{ wa_id: '4915112345678', user_id: 'DE.9' }], ['+4915112345678', 'DE.9']],
  [{ from: '5511987654321' }, [{ wa_id: '551187654321' }], ['+5511987654321', '+551187654321']],
  [
    { from: '4915112345678' },
    [{ wa_id: '1' }, { wa_id: '4915112345678', user_id: 'DE.9' }],
    ['+4915112345678', 'DE.9'],
  ],
  [{ from: '4915112345678' }, [{ wa_id: '15550199' }, { wa_id: '15550198' }], ['+4915112345678']],
  [{ from: '4915112345678', from_user_id: 'no id' }, [], ['+4915112345678']],
  [{}, [], null],
  [{ from: 'jane@example.com' }, [], null],
  [{ from: '4915112345678', type: 'reaction' }, [], null],
  [{ from: '4915112345678', group_id: 'G1' }, [], null],
];

describe('Somebody who writes', () => {
  for (const [message, contacts, identities] of WRITERS) {
    test(`${JSON.stringify([message, contacts])}: ${identities}`, () => {
      const news = read({ contacts: [...contacts], messages: [{ type: 'text', timestamp: SENT_AT, ...message }] });
      const userId = identities?.find((name) => name.startsWith('DE'));
      const reference = { heardAt: String(AT), ...(userId === undefined ? {} : { userId }) };
      const expected = identities?.map(() => ({
        kind: 'seen',
        identities,
        address: { channelId: identities[0], reference },
        at: AT,
      }));
      assert.deepEqual(news, expected?.slice(0, 1) ?? []);
    });
  }

  test('is never taken for the only other one', () => {
    const messages = [{ from: '15550101' }, { from: '15550102' }].map((from) => ({ type: 'text', ...from }));
    const news = read({ contacts: [{ wa_id: '15550101', user_id: 'US.1' }], messages });
    const names = news.map((entry) => entry.kind === 'seen' && entry.identities);
    assert.deepEqual(names, [['+15550101', 'US.1'], ['+15550102']]);
  });

  test('and changes the number is still the same, but has not written', () => {
    const system = { type: 'user_changed_number', wa_id: '15550109', body: 'Sheena changed from … to …' };
    const news = read({ messages: [{ from: '15550108', type: 'system', timestamp: SENT_AT, system }] });
    const address = { channelId: '+15550109', reference: null };
    assert.deepEqual(news, [{ kind: 'seen', identities: ['+15550108', '+15550109'], address, at: AT }]);
    const other = { from: '15550108', type: 'system', system: { type: 'customer_identity_changed' } };
    assert.deepEqual(read({ messages: [other] }), []);
  });
});

/** [what was written, what follows beside being met] */
const WORDS: readonly (readonly [JsonObject, readonly object[]])[] = [
  [
    { type: 'text', text: { body: 'Stop' } },
    ['+16505551234', 'US.1'].map((identity) => {
      return {
        kind: 'silenced',
        identity,
        reason: 'opted_out',
        detail: 'answered with a word for stop',
        at: AT,
        saidAt: AT,
      };
    }),
  ],
  [
    { type: 'text', text: { body: 'START' } },
    [
      { kind: 'welcome', identity: '+16505551234', at: AT, saidAt: AT },
      { kind: 'welcome', identity: 'US.1', at: AT, saidAt: AT },
    ],
  ],
  [
    { type: 'text', text: { body: 'stop news' } },
    [{ kind: 'declined', identities: ['+16505551234', 'US.1'], category: 'newsletter', at: AT, saidAt: AT }],
  ],
  [
    { type: 'button', button: { text: 'Start news', payload: 'x' } },
    [{ kind: 'wanted', identities: ['+16505551234', 'US.1'], category: 'newsletter', at: AT, saidAt: AT }],
  ],
  [{ type: 'text', text: { body: 'please stop' } }, []],
  [{ type: 'text', text: { body: 'Cancel' } }, []],
  [{ type: 'text', text: { body: 'yes' } }, []],
  [{ type: 'image', image: { caption: 'STOP' } }, []],
  [{ type: 'text', text: 'STOP' }, []],
];

describe('Somebody who answers', () => {
  for (const [message, expected] of WORDS) {
    test(`${JSON.stringify(message)}: ${expected.length} news`, () => {
      const messages = [{ from: '16505551234', from_user_id: 'US.1', timestamp: SENT_AT, ...message }];
      const context = { ...CONTEXT, stopWords: { NEWS: 'newsletter' } };
      const [met, ...news] = read({ messages }, 'messages', context);
      assert.equal(met?.kind, 'seen');
      assert.deepEqual(news, expected);
    });
  }
});

test('What is dated by a time still to come counts by when it came', () => {
  const messages = [{ from: '16505551234', timestamp: String(NOW / 1_000 + 1), text: { body: 'STOP' } }];
  const [, word] = read({ messages });
  assert.ok(word?.kind === 'silenced');
  assert.deepEqual([word.at, word.saidAt], [NOW, undefined]);
});

describe('Somebody who stops marketing messages', () => {
  const preference = (more: JsonObject): JsonObject => ({
    user_preferences: [
      {
        wa_id: '16505551234',
        detail: 'User requested to stop marketing messages',
        category: 'marketing_messages',
        value: 'stop',
        timestamp: 1_759_999_000,
        ...more,
      },
    ],
  });

  test('is silenced', () => {
    const detail = 'User requested to stop marketing messages';
    const word = { kind: 'silenced', identity: '+16505551234', reason: 'opted_out', detail, at: AT, saidAt: AT };
    assert.deepEqual(read(preference({}), 'user_preferences'), [word]);
  });

  test('and welcome when they resume, by each name', () => {
    const news = read(preference({ value: 'resume', user_id: 'US.1' }), 'user_preferences');
    assert.deepEqual(news, [
      { kind: 'welcome', identity: '+16505551234', at: AT, saidAt: AT },
      { kind: 'welcome', identity: 'US.1', at: AT, saidAt: AT },
    ]);
  });

  test('is not, by other words, categories or settings', () => {
    for (const more of [{ value: 'interested' }, { category: 'utility_messages' }, { wa_id: null }]) {
      assert.deepEqual(read(preference(more), 'user_preferences'), []);
    }
    assert.deepEqual(read(preference({}), 'user_preferences', { ...CONTEXT, marketingStop: 'ignore' }), []);
  });
});

test('an account that is locked is told, one that is busy is not', () => {
  const errors = [
    { code: 131031, title: 'Business Account locked' },
    { code: 130429, title: 'Rate limit hit' },
  ];
  assert.deepEqual(read({ errors }), [
    { kind: 'disconnected', detail: 'WhatsApp said 131031: Business Account locked' },
  ]);
});

function listOf(object: JsonObject | undefined): JsonObject[] {
  const entry = object?.['entry'];
  return Array.isArray(entry) ? entry.filter((one): one is JsonObject => typeof one === 'object' && one !== null) : [];
}
