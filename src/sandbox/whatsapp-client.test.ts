import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { WhatsAppClient } from '@kapso/whatsapp-cloud-api';
import { WhatsAppAPI } from 'whatsapp-api-js';
import {
  ActionButtons,
  ActionCTA,
  ActionList,
  Body,
  BodyComponent,
  BodyParameter,
  Button,
  Contacts,
  Currency,
  Document,
  Footer,
  Header,
  HeaderComponent,
  HeaderParameter,
  Image,
  Interactive,
  ListSection,
  Location,
  Name,
  Phone,
  Reaction,
  Row,
  Sticker,
  Template,
  Text,
  URLComponent,
} from 'whatsapp-api-js/messages';
import type { ClientMessage } from 'whatsapp-api-js/types';
import { openTestDesk } from '../channels/test-desk.ts';
import { inspect } from '../channels/whatsapp/inspect.ts';
import { whatsapp } from '../channels/whatsapp/whatsapp.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from '../model/json.ts';
import type { Message } from '../model/message.ts';
import { openRig } from './test-rig.ts';

/**
 * Two clients of the Cloud API that others wrote, told where the simulator is: what they send is taken and is what we
 * send, and what they would not send the channel refuses too.
 */
const sandbox = await openRig({ limits: 'off' });
const { phoneNumberId, accessToken } = sandbox.credentials.whatsapp;
const TO = '+4915112345678';
const version = 'v25.0';

/** Checks by schemas what it sends, and throws what it reads of a refusal. */
const kapso = new WhatsAppClient({
  accessToken,
  baseUrl: `${sandbox.urls.base}/whatsapp`,
  graphVersion: version,
});
/** Builds messages by classes that throw, and hands a refusal on as it came. */
const apiJs = new WhatsAppAPI({
  token: accessToken,
  secure: false,
  v: version,
  ponyfill: {
    fetch: (url, init) =>
      fetch(String(url).replace('https://graph.facebook.com/', `${sandbox.urls.base}/whatsapp/`), init),
  },
});

const to = { phoneNumberId, to: TO };
const toKapso = <Fields extends object>(fields: Fields) => ({ ...to, ...fields });
const build = (message: ClientMessage) => apiJs.sendMessage(phoneNumberId, TO, message);

beforeEach(() => sandbox.reset());

const PICTURE = 'https://example.com/a.jpg';
const PAPER = 'https://example.com/invoice.pdf';
const SHIPPED_BODY = [
  { type: 'text', text: 'Bob' },
  { type: 'currency', currency: { fallback_value: '$1', code: 'USD', amount_1000: 1000 } },
];

interface Build {
  readonly apiJs: () => Promise<unknown>;
  readonly kapso: () => Promise<unknown>;
  /** What both have to put on the wire besides the envelope. */
  readonly payload: JsonObject;
}

/** The same message by both clients, and as a caller of Beckon would write it. */
const MESSAGES: Readonly<Record<string, Build>> = {
  'a text': {
    apiJs: () => build(new Text('hello é 🧨', true)),
    kapso: () => kapso.messages.sendText(toKapso({ body: 'hello é 🧨', previewUrl: true })),
    payload: { type: 'text', text: { body: 'hello é 🧨', preview_url: true } },
  },
  'an image': {
    apiJs: () => build(new Image(PICTURE, false, 'Random Image')),
    kapso: () => kapso.messages.sendImage(toKapso({ image: { link: PICTURE, caption: 'Random Image' } })),
    payload: { type: 'image', image: { link: PICTURE, caption: 'Random Image' } },
  },
  'a document': {
    apiJs: () => build(new Document(PAPER, false, 'Yours', 'invoice.pdf')),
    kapso: () =>
      kapso.messages.sendDocument(toKapso({ document: { link: PAPER, caption: 'Yours', filename: 'invoice.pdf' } })),
    payload: { type: 'document', document: { link: PAPER, caption: 'Yours', filename: 'invoice.pdf' } },
  },
  'a sticker': {
    apiJs: () => build(new Sticker('1234567890', true)),
    kapso: () => kapso.messages.sendSticker(toKapso({ sticker: { id: '1234567890' } })),
    payload: { type: 'sticker', sticker: { id: '1234567890' } },
  },
  'a location': {
    apiJs: () => build(new Location(13.4, 52.5, 'Office', 'Main Street 1')),
    kapso: () =>
      kapso.messages.sendLocation(
        toKapso({ location: { latitude: 52.5, longitude: 13.4, name: 'Office', address: 'Main Street 1' } }),
      ),
    payload: {
      type: 'location',
      location: { latitude: 52.5, longitude: 13.4, name: 'Office', address: 'Main Street 1' },
    },
  },
  contacts: {
    apiJs: () => build(new Contacts([new Name('Zoë Doe', 'Zoë'), new Phone('+15550100', 'WORK')])),
    kapso: () =>
      kapso.messages.sendContacts(
        toKapso({
          contacts: [
            { name: { formattedName: 'Zoë Doe', firstName: 'Zoë' }, phones: [{ phone: '+15550100', type: 'WORK' }] },
          ],
        }),
      ),
    payload: {
      type: 'contacts',
      contacts: [
        { name: { formatted_name: 'Zoë Doe', first_name: 'Zoë' }, phones: [{ phone: '+15550100', type: 'WORK' }] },
      ],
    },
  },
  'a reaction': {
    apiJs: () => build(new Reaction('wamid.1', '👍')),
    kapso: () => kapso.messages.sendReaction(toKapso({ reaction: { messageId: 'wamid.1', emoji: '👍' } })),
    payload: { type: 'reaction', reaction: { message_id: 'wamid.1', emoji: '👍' } },
  },
  'reply buttons': {
    apiJs: () =>
      build(
        new Interactive(
          new ActionButtons(new Button('yes', 'Yes'), new Button('no', 'No')),
          new Body('Lunch?'),
          new Header('Question'),
          new Footer('Until noon'),
        ),
      ),
    kapso: () =>
      kapso.messages.sendInteractiveButtons(
        toKapso({
          header: { type: 'text' as const, text: 'Question' },
          bodyText: 'Lunch?',
          footerText: 'Until noon',
          buttons: [
            { id: 'yes', title: 'Yes' },
            { id: 'no', title: 'No' },
          ],
        }),
      ),
    payload: {
      type: 'interactive',
      interactive: {
        type: 'button',
        header: { type: 'text', text: 'Question' },
        body: { text: 'Lunch?' },
        footer: { text: 'Until noon' },
        action: {
          buttons: [
            { type: 'reply', reply: { id: 'yes', title: 'Yes' } },
            { type: 'reply', reply: { id: 'no', title: 'No' } },
          ],
        },
      },
    },
  },
  'a list': {
    apiJs: () =>
      build(
        new Interactive(
          new ActionList(
            'Choose',
            new ListSection('Warm', new Row('1', 'Soup', 'of the day')),
            new ListSection('Cold', new Row('2', 'Salad')),
          ),
          new Body('Lunch?'),
        ),
      ),
    kapso: () =>
      kapso.messages.sendInteractiveList(
        toKapso({
          bodyText: 'Lunch?',
          buttonText: 'Choose',
          sections: [
            { title: 'Warm', rows: [{ id: '1', title: 'Soup', description: 'of the day' }] },
            { title: 'Cold', rows: [{ id: '2', title: 'Salad' }] },
          ],
        }),
      ),
    payload: {
      type: 'interactive',
      interactive: {
        type: 'list',
        body: { text: 'Lunch?' },
        action: {
          button: 'Choose',
          sections: [
            { title: 'Warm', rows: [{ id: '1', title: 'Soup', description: 'of the day' }] },
            { title: 'Cold', rows: [{ id: '2', title: 'Salad' }] },
          ],
        },
      },
    },
  },
  'a link button': {
    apiJs: () => build(new Interactive(new ActionCTA('Open', PAPER), new Body('Your invoice'))),
    kapso: () =>
      kapso.messages.sendInteractiveCtaUrl(
        toKapso({ bodyText: 'Your invoice', parameters: { displayText: 'Open', url: PAPER } }),
      ),
    payload: {
      type: 'interactive',
      interactive: {
        type: 'cta_url',
        body: { text: 'Your invoice' },
        action: { name: 'cta_url', parameters: { display_text: 'Open', url: PAPER } },
      },
    },
  },
  'a template with a text, money and a link': {
    apiJs: () =>
      build(
        new Template(
          'order_shipped',
          'en_US',
          new BodyComponent(new BodyParameter('Bob'), new BodyParameter(new Currency(1000, 'USD', '$1'))),
          new URLComponent('suffix'),
        ),
      ),
    kapso: () =>
      kapso.messages.sendTemplate(
        toKapso({
          template: {
            name: 'order_shipped',
            language: { code: 'en_US', policy: 'deterministic' as const },
            components: [
              { type: 'body', parameters: SHIPPED_BODY },
              { type: 'button', sub_type: 'url', index: 0, parameters: [{ type: 'text', text: 'suffix' }] },
            ],
          },
        }),
      ),
    payload: {
      type: 'template',
      template: {
        name: 'order_shipped',
        language: { code: 'en_US', policy: 'deterministic' },
        components: [
          { type: 'body', parameters: SHIPPED_BODY },
          { type: 'button', sub_type: 'url', index: 0, parameters: [{ type: 'text', text: 'suffix' }] },
        ],
      },
    },
  },
  'a template with a picture': {
    apiJs: () => build(new Template('picture', 'en_US', new HeaderComponent(new HeaderParameter(new Image(PICTURE))))),
    kapso: () =>
      kapso.messages.sendTemplate(
        toKapso({
          template: {
            name: 'picture',
            language: { code: 'en_US', policy: 'deterministic' as const },
            components: [{ type: 'header', parameters: [{ type: 'image', image: { link: PICTURE } }] }],
          },
        }),
      ),
    payload: {
      type: 'template',
      template: {
        name: 'picture',
        language: { code: 'en_US', policy: 'deterministic' },
        components: [{ type: 'header', parameters: [{ type: 'image', image: { link: PICTURE } }] }],
      },
    },
  },
};

describe('The same message, by both clients and by the channel', () => {
  for (const [name, { payload, ...clients }] of Object.entries(MESSAGES)) {
    test(name, async () => {
      assertTaken(await clients.apiJs());
      assertTaken(await clients.kapso());
      const desk = openTestDesk({
        channel: whatsapp,
        settings: settings(),
        address: { channelId: TO, reference: null },
      });
      assert.equal((await desk.send({ message: { type: 'native', payload } })).kind, 'accepted');

      const bodies = sandbox.ledger.entries().map(({ body }) => parseJsonObject(body ?? '') ?? {});
      assert.equal(bodies.length, 3);
      for (const { biz_opaque_callback_data: _, ...body } of bodies) {
        const envelope = { messaging_product: 'whatsapp', recipient_type: 'individual', to: TO };
        assert.deepEqual(withoutTexts(body), { ...envelope, ...payload });
        assert.equal(inspect({ type: 'native', payload: body }), null);
      }
    });
  }

  test('a text of ours is what they build of it', async () => {
    const text = 'a < b & *bold* é 🧨 %41 +';
    const desk = openTestDesk({ channel: whatsapp, settings: settings(), address: { channelId: TO, reference: null } });
    await desk.send({ message: { type: 'text', text } });
    await kapso.messages.sendText(toKapso({ body: text, previewUrl: false }));
    const [ours, theirs] = sandbox.ledger.entries().map(({ body }) => parseJsonObject(body ?? '') ?? {});
    const { biz_opaque_callback_data: data, ...rest } = ours ?? {};
    assert.deepEqual(rest, theirs);
    assert.match(String(data), /^ds-/);
  });

  test('somebody known by a user id only', async () => {
    const id = 'US.13491208655302741918';
    assertTaken(await apiJs.sendMessage(phoneNumberId, { bsuid: id }, new Text('hello')));
    assertTaken(await kapso.messages.sendText({ phoneNumberId, recipient: id, body: 'hello' }));
    assert.equal(sandbox.ledger.countOf('whatsapp', id), 2);
  });
});

/** What is too much for Meta; each as its client would build it, and as the payload that the client would not send. */
const EXCESSES: Readonly<Record<string, { readonly build: () => unknown; readonly message: Message }>> = {
  'a text of 4,097 characters': {
    build: () => new Text('x'.repeat(4_097)),
    message: { type: 'text', text: 'x'.repeat(4_097) },
  },
  'four buttons': {
    build: () => kapso.messages.sendInteractiveButtons(toKapso({ bodyText: 'x', buttons: numbered(4) })),
    message: buttons(numbered(4)),
  },
  'a button of 21 characters': {
    build: () => new Button('1', 'x'.repeat(21)),
    message: buttons([{ id: '1', title: 'x'.repeat(21) }]),
  },
  'a button’s id of 257 characters': {
    build: () => new Button('x'.repeat(257), '1'),
    message: buttons([{ id: 'x'.repeat(257), title: '1' }]),
  },
  'a body of 1,025 characters over buttons': {
    build: () => kapso.messages.sendInteractiveButtons(toKapso({ bodyText: 'x'.repeat(1_025), buttons: numbered(1) })),
    message: buttons(numbered(1), 'x'.repeat(1_025)),
  },
  'eleven rows in two sections': {
    build: () => sendList([numbered(6), numbered(5)]),
    message: list([numbered(6), numbered(5)]),
  },
  'a section without rows': { build: () => sendList([[]]), message: list([[]]) },
  'a row’s title of 25 characters': {
    build: () => new Row('1', 'x'.repeat(25)),
    message: list([[{ id: '1', title: 'x'.repeat(25) }]]),
  },
  'a row’s id of 201 characters': {
    build: () => new Row('x'.repeat(201), '1'),
    message: list([[{ id: 'x'.repeat(201), title: '1' }]]),
  },
  'a caption of 1,025 characters': {
    build: () => kapso.messages.sendImage(toKapso({ image: { link: PICTURE, caption: 'x'.repeat(1_025) } })),
    message: native({ type: 'image', image: { link: PICTURE, caption: 'x'.repeat(1_025) } }),
  },
  'an image from nowhere': {
    build: () => kapso.messages.sendImage(toKapso({ image: { caption: 'x' } })),
    message: native({ type: 'image', image: { caption: 'x' } }),
  },
  'no contacts': {
    build: () => kapso.messages.sendContacts(toKapso({ contacts: [] })),
    message: native({ type: 'contacts', contacts: [] }),
  },
};

describe('What a client would not send, the channel’s inspection refuses', () => {
  for (const [name, excess] of Object.entries(EXCESSES)) {
    test(name, async () => {
      await assert.rejects(async () => excess.build());
      assert.notEqual(inspect(excess.message), null);
      assert.equal(sandbox.ledger.total(), 0);
    });
  }
});

function assertTaken(answer: unknown): void {
  assert.ok(isJsonObject(answer) && Array.isArray(answer['messages']), JSON.stringify(answer));
  const [message] = answer['messages'];
  assert.ok(isJsonObject(message) && String(message['id']).startsWith('wamid.'));
}

function settings(): JsonObject {
  return { ...sandbox.credentials.whatsapp, apiUrl: sandbox.urls.whatsapp };
}

/** One of the clients sends contacts as their JSON text, which the Graph API reads like the list itself. */
function withoutTexts(body: JsonObject): JsonObject {
  const { contacts } = body;
  return typeof contacts === 'string' ? { ...body, contacts: JSON.parse(contacts) } : body;
}

interface Choice {
  readonly id: string;
  readonly title: string;
}

function numbered(count: number): Choice[] {
  return Array.from({ length: count }, (_, index) => ({ id: String(index), title: String(index) }));
}

function native(payload: JsonObject): Message {
  return { type: 'native', payload };
}

function buttons(choices: readonly Choice[], text = 'x'): Message {
  const action = { buttons: choices.map((reply) => ({ type: 'reply', reply: { ...reply } })) };
  return native({ type: 'interactive', interactive: { type: 'button', body: { text }, action } });
}

function list(sections: readonly (readonly Choice[])[]): Message {
  const action = {
    button: 'Choose',
    sections: sections.map((rows, index) => ({ title: String(index), rows: rows.map((row) => ({ ...row })) })),
  };
  return native({ type: 'interactive', interactive: { type: 'list', body: { text: 'x' }, action } });
}

function sendList(sections: readonly Choice[][]): Promise<unknown> {
  const titled = sections.map((rows, index) => ({ title: String(index), rows }));
  return kapso.messages.sendInteractiveList(toKapso({ bodyText: 'x', buttonText: 'Choose', sections: titled }));
}
