import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { Message } from '../../model/message.ts';
import type { MessageFault } from '../contract.ts';
import { aCard } from './adaptive-card.ts';
import { aFilledText, all, anObject, aText, type Check, isThere, listOf, oneOf } from './shape.ts';

/** The connector's limit over a whole message, measured in UTF-16; pictures inlined as base64 do not count. */
const MAX_BYTES = 100 * 1024;
const ADVISED_BYTES = 80 * 1024;

/** Why Teams would refuse this message whoever it went to. */
export function inspectMessage(message: Message): MessageFault | null {
  const activity = message.type === 'text' ? { text: message.text } : message.payload;
  const fault = anActivity(activity, '');
  return fault === null ? findExcess(activity) : { reason: 'message_invalid', detail: fault };
}

const hasContent: Check = (value) => {
  if (!isJsonObject(value) || (value['type'] ?? 'message') !== 'message') return null;
  const { text, attachments } = value;
  const hasAttachments = Array.isArray(attachments) && attachments.length > 0;
  return (typeof text === 'string' && text !== '') || hasAttachments
    ? null
    : 'text: is empty, and there is no attachment';
};

const anAddress = anObject({ url: aFilledText });
const aButton = anObject({ type: aFilledText }, { title: aText });
const CARD_PARTS = ['title', 'subtitle', 'text', 'images', 'buttons'];

/** Hero and thumbnail cards show whichever of their parts are there. */
const aRichCard: Check = all(
  anObject({}, { title: aText, subtitle: aText, text: aText, images: listOf(anAddress), buttons: listOf(aButton) }),
  (value, path) => {
    const hasPart = isJsonObject(value) && CARD_PARTS.some((part) => isThere(value, part));
    return hasPart ? null : `${path}: has none of ${CARD_PARTS.join(', ')}`;
  },
);

const CARDS: Readonly<Record<string, Check>> = {
  'application/vnd.microsoft.card.adaptive': aCard,
  'application/vnd.microsoft.card.hero': aRichCard,
  'application/vnd.microsoft.card.thumbnail': aRichCard,
};

const anAttachment: Check = (value, path) => {
  const fault = anObject({ contentType: aFilledText }, { contentUrl: aText, name: aText })(value, path);
  if (fault !== null || !isJsonObject(value)) return fault;
  const { contentType } = value;
  if (typeof contentType !== 'string' || !contentType.startsWith('application/vnd.microsoft.')) return null;
  const card = Object.hasOwn(CARDS, contentType) ? CARDS[contentType] : undefined;
  return anObject({ content: card ?? anObject({}) })(value, path);
};

const anActivity: Check = all(
  anObject(
    {},
    {
      type: aFilledText,
      text: aText,
      summary: aText,
      textFormat: oneOf(['plain', 'markdown', 'xml', 'extendedmarkdown']),
      attachmentLayout: oneOf(['list', 'carousel']),
      importance: oneOf(['low', 'normal', 'high', 'urgent']),
      attachments: listOf(anAttachment),
      entities: listOf(anObject({ type: aFilledText })),
      channelData: anObject({}),
    },
  ),
  hasContent,
);

function findExcess(activity: JsonObject): MessageFault | null {
  const bytes = sizeOf(activity);
  if (bytes <= MAX_BYTES) return null;
  const say = (count: number) => count.toLocaleString('en');
  const detail =
    `${largestPart(activity)}: the message has ${say(bytes)} bytes as UTF-16; ` +
    `Teams takes ${say(MAX_BYTES)}, and ${say(ADVISED_BYTES)} are advised`;
  return { reason: 'message_too_large', detail };
}

function sizeOf(value: Json): number {
  const text = JSON.stringify(value);
  // Cheap first: nearly every message is far below.
  return text.length * 2 <= MAX_BYTES ? text.length * 2 : text.replace(/data:image\/[^"]*/g, '').length * 2;
}

function largestPart({ attachments, ...rest }: JsonObject): string {
  const listed = Array.isArray(attachments) ? attachments : [];
  const parts: [string, number][] = [
    ...Object.entries(rest).map(([key, value]): [string, number] => [key, sizeOf(value)]),
    ...listed.map((attachment, index): [string, number] => [`attachments[${index}]`, sizeOf(attachment)]),
  ];
  return parts.reduce((largest, part) => (part[1] > largest[1] ? part : largest))[0];
}
