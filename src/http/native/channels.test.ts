import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { BOT, call, type Reply, type Rig, startRig, tokenFor } from '../../../test/support/http-rig.ts';
import { connectionId } from '../../model/ids.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';

describe('POST /notifications with several channels', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  const BODY = { message: { type: 'text', val: 'Hello {name}' }, recipients: ['a@abc.com'] };
  const send = async (body: unknown): Promise<Reply> =>
    call(rig, `/api/v1/bots/${BOT}/notifications`, {
      method: 'POST',
      headers: { auth: await tokenFor('cs-both'), 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const documentOf = ({ json }: Reply): JsonObject => {
    assert.ok(isJsonObject(json));
    return json;
  };
  const idOf = (channel: string, name: string | null = null) => connectionId(BOT, channel, name);

  it('keeps them in their order, each with its connection, its message and what it is for', async () => {
    const reply = await send({
      ...BODY,
      channels: [
        { channel: 'msteam' },
        { channel: 'whatsapp', on: ['no_address'], message: { type: 'native', payload: { body: 'Hi' } } },
        { channel: 'ivr', connection: 'Second', onUnknown: true },
      ],
    });
    assert.equal(reply.status, 202);
    const document = documentOf(reply);
    assert.partialDeepStrictEqual(document, {
      channel: 'msteams',
      connectionId: idOf('msteams'),
      channels: [
        { channel: 'msteams', connectionId: idOf('msteams'), on: null, onUnknown: false },
        {
          channel: 'whatsapp',
          connectionId: idOf('whatsapp'),
          on: ['no_address'],
          onUnknown: false,
          receiptWithin: null,
        },
        { channel: 'ivr', connectionId: idOf('ivr', 'Second'), on: ['failure', 'no_address'], onUnknown: true },
      ],
    });
    const stored = await rig.store.findNotification({ botId: BOT, notificationId: String(document['id']) });
    assert.deepEqual(
      [stored?.channelSpelling, ...(stored?.options?.fallBacks ?? []).map(({ message }) => message)],
      ['msteam', { type: 'native', payload: { body: 'Hi' } }, null],
    );
  });

  it('takes the message of the first for itself alone', async () => {
    const own = { type: 'native', payload: { text: 'A card' } };
    const reply = await send({ ...BODY, channels: [{ channel: 'msteams', message: own }, { channel: 'whatsapp' }] });
    const stored = await rig.store.findNotification({ botId: BOT, notificationId: String(documentOf(reply)['id']) });
    assert.deepEqual(stored?.message, own);
    assert.deepEqual(stored?.options?.fallBacks?.[0]?.message, { type: 'text', text: 'Hello {name}' });
  });

  it('with one channel is as with none but channel', async () => {
    const document = documentOf(await send({ ...BODY, channels: [{ channel: 'slack' }] }));
    const stored = await rig.store.findNotification({ botId: BOT, notificationId: String(document['id']) });
    assert.deepEqual([stored?.channel, stored?.options], ['slack', undefined]);
  });

  const [teams, whatsapp] = [{ channel: 'msteams' }, { channel: 'whatsapp' }];
  const native = { type: 'native', payload: {} };
  const own = (message: object) => [{ identity: 'a@abc.com', message }];
  const REFUSALS: readonly (readonly [string, object, string, RegExp])[] = [
    ['none', { channels: [] }, '/channels', /needs at least 1/],
    ['too many', { channels: Array(6).fill(teams) }, '/channels', /holds 6; at most 5/],
    ['a channel beside them', { channel: 'slack', channels: [teams] }, '/channel', /leave it out/],
    ['a connection beside them', { connection: 'x', channels: [teams] }, '/connection', /leave it out/],
    ['an unknown one', { channels: [teams, { channel: 'fax' }] }, '/channels/1/channel', /"fax" is unknown/],
    ['one the bot lacks', { channels: [teams, { channel: 'sms' }] }, '/channels/1/channel', /not configured/],
    [
      'a foreign connection',
      { channels: [teams, { ...whatsapp, connection: 'x' }] },
      '/channels/1/connection',
      /no whatsapp/,
    ],
    ['one twice', { channels: [teams, whatsapp, teams] }, '/channels/2', /is there before/],
    ['a cause for the first', { channels: [{ ...teams, on: ['failure'] }] }, '/channels/0/on', /leave it out/],
    ['no cause', { channels: [teams, { ...whatsapp, on: [] }] }, '/channels/1/on', /needs at least 1/],
    ['an unknown cause', { channels: [teams, { ...whatsapp, on: ['rain'] }] }, '/channels/1/on/0', /one of/],
    [
      'a message only one speaks',
      { message: native, channels: [teams, whatsapp] },
      '/channels/1/message',
      /is none for whatsapp/,
    ],
    [
      'a receipt from one that tells none',
      { channels: [teams, { ...whatsapp, receiptWithin: 'PT10M' }] },
      '/channels/1/receiptWithin',
      /the msteams connection before does not tell/,
    ],
    [
      'a receipt from one that nobody can call',
      { channels: [whatsapp, { ...teams, on: ['no_receipt'], receiptWithin: 'PT10M' }] },
      '/channels/1/on',
      /the whatsapp connection before does not tell/,
    ],
    [
      'no time for a receipt',
      { channels: [whatsapp, { ...teams, on: ['no_receipt'] }] },
      '/channels/1/receiptWithin',
      /is missing/,
    ],
    [
      'a time for no receipt',
      { channels: [whatsapp, { ...teams, on: ['failure'], receiptWithin: 'PT10M' }] },
      '/channels/1/receiptWithin',
      /goes with no_receipt/,
    ],
    ...['10m', 'P', 'PT', 'P1M', 'PT-1S'].map(
      (receiptWithin) =>
        [
          `a time that is none: ${receiptWithin}`,
          { channels: [whatsapp, { ...teams, receiptWithin }] },
          '/channels/1/receiptWithin',
          /./,
        ] as const,
    ),
    ...['PT0S', 'P8D', 'PT200H'].map(
      (receiptWithin) =>
        [
          `a time that nobody means: ${receiptWithin}`,
          { channels: [whatsapp, { ...teams, receiptWithin }] },
          '/channels/1/receiptWithin',
          /from PT1S to P7D/,
        ] as const,
    ),
    [
      'a broken message',
      { channels: [teams, { ...whatsapp, message: { type: 'text', val: '' } }] },
      '/channels/1/message',
      /./,
    ],
    [
      "a recipient's own beside a channel's",
      { channels: [teams, { ...whatsapp, message: native }], recipients: own({ type: 'text', val: 'You' }) },
      '/recipients/0/message',
      /leaves open which/,
    ],
    [
      "a recipient's own that only one speaks",
      { channels: [teams, whatsapp], recipients: own(native) },
      '/recipients/0/message/type',
      /must be text/,
    ],
  ];
  for (const [name, body, pointer, words] of REFUSALS) {
    it(`refuses ${name}`, async () => {
      const reply = await send({ ...BODY, ...body });
      assert.equal(reply.status, 400);
      const { detail, pointer: at } = documentOf(reply);
      assert.ok(String(at).startsWith(pointer), String(at));
      assert.match(String(detail), words);
    });
  }
});
