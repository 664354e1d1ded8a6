/** `mail` and `approved` (a template that Meta has approved) are forms for what could be said in JSON as well. */
export const FORMS = ['text', 'mail', 'approved', 'json'] as const;

export interface MessageDraft {
  readonly form: (typeof FORMS)[number];
  readonly text: string;
  readonly json: string;
  readonly mail: { readonly subject: string; readonly text: string; readonly html: string };
  readonly approved: { readonly name: string; readonly language: string; readonly values: string };
}

/** Of a message for whichever channel. */
export const ANY = '';

/** In which forms a channel can be spoken to, the usual one first. */
export function formsOf(channel: string): readonly MessageDraft['form'][] {
  if (channel === 'email') return ['mail', 'text', 'json'];
  if (channel === 'whatsapp') return ['approved', 'text', 'json'];
  if (channel === 'sms') return ['text'];
  return channel === ANY ? ['text', 'json'] : ['json', 'text'];
}

export const formName = (form: MessageDraft['form'], channel: string): string =>
  form === 'json' ? (JSON_NAMES[channel] ?? 'JSON') : NAMES[form];

const NAMES = { text: 'Text', mail: 'Mail', approved: 'Approved template', json: 'JSON' } as const;

const JSON_NAMES: Readonly<Record<string, string>> = { msteams: 'Card', slack: 'Blocks', hangoutchat: 'Card' };

/** To begin with: something that works, saying what was written already. */
export function firstMessage(channel: string, text: string): MessageDraft {
  const said = text === '' ? 'What you want to say.' : text;
  const payload = EXAMPLES[channel]?.(said) ?? { text: said };
  return {
    form: formsOf(channel)[0] ?? 'text',
    text: said,
    json: JSON.stringify(payload, null, 2),
    mail: { subject: said.split('\n', 1)[0] ?? '', text: said, html: '' },
    approved: { name: '', language: 'en_US', values: said.replaceAll('\n', ' ') },
  };
}

const EXAMPLES: Readonly<Record<string, (text: string) => object>> = {
  msteams: (text) => ({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          type: 'AdaptiveCard',
          version: '1.5',
          body: [{ type: 'TextBlock', text, wrap: true }],
          actions: [{ type: 'Action.OpenUrl', title: 'Read more', url: 'https://example.com' }],
        },
      },
    ],
  }),
  slack: (text) => ({
    text,
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text } },
      {
        type: 'actions',
        elements: [{ type: 'button', text: { type: 'plain_text', text: 'Read more' }, url: 'https://example.com' }],
      },
    ],
  }),
  hangoutchat: (text) => ({
    cardsV2: [{ cardId: 'card', card: { sections: [{ widgets: [{ textParagraph: { text } }] }] } }],
  }),
  whatsapp: (text) => ({ type: 'text', text: { body: text } }),
  email: (text) => ({ subject: text.split('\n', 1)[0] ?? '', text }),
  webpush: (text) => ({ notification: { title: 'News', body: text } }),
};
