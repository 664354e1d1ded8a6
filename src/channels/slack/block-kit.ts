import { all, byType, type Check, list, object, oneOf, text, textObject } from './shape.ts';

/** The limits of Block Kit as its reference tells them (docs.slack.dev/reference/block-kit, and the types of the SDK). */

const plain = (max: number): Check => textObject(max, 'plain_text');
const any = (max: number): Check => textObject(max, 'plain_text', 'mrkdwn');

const ID = text(255);
const URL_TEXT = text(3_000);
const LABEL = text(75);

const CONFIRM = object({ text: any(300) }, { title: plain(100), confirm: plain(30), deny: plain(30) });
const OPTION = object({ text: any(75) }, { description: any(75), url: URL_TEXT });
const OPTION_GROUP = object({ label: plain(75), options: list(100, OPTION) });

const ACTIONABLE = { action_id: ID, confirm: CONFIRM, placeholder: plain(150), accessibility_label: LABEL };

const IMAGE = all(
  object({ alt_text: text(2_000) }, { image_url: URL_TEXT, title: plain(2_000), block_id: ID }),
  oneOf('image_url', 'slack_file'),
);

const SELECT = object({}, { ...ACTIONABLE, options: list(100, OPTION), option_groups: list(100, OPTION_GROUP) });
const CHOICE = object({ options: list(10, OPTION) }, ACTIONABLE);

const ELEMENT = byType({
  button: object({ text: plain(75) }, { ...ACTIONABLE, url: URL_TEXT, value: text(2_000) }),
  workflow_button: object({ text: plain(75) }, ACTIONABLE),
  icon_button: object({ text: plain(75) }, ACTIONABLE),
  image: IMAGE,
  overflow: object({ options: list(5, OPTION) }, ACTIONABLE),
  checkboxes: CHOICE,
  radio_buttons: CHOICE,
  static_select: all(SELECT, oneOf('options', 'option_groups')),
  multi_static_select: all(SELECT, oneOf('options', 'option_groups')),
  datepicker: object({}, ACTIONABLE),
  timepicker: object({}, ACTIONABLE),
  datetimepicker: object({}, ACTIONABLE),
  plain_text: plain(3_000),
  mrkdwn: any(3_000),
});

const BLOCK_ID = { block_id: ID };
const CARD_TEXTS = { title: any(150), subtitle: any(150), body: any(200), actions: list(25, ELEMENT, 0) };

/** A block of a message; of a type that is not known here, anything. */
export const BLOCK: Check = byType({
  section: all(
    object({}, { text: any(3_000), fields: list(10, any(2_000)), accessory: ELEMENT, ...BLOCK_ID }),
    oneOf('text', 'fields'),
  ),
  header: object({ text: plain(150) }, BLOCK_ID),
  actions: object({ elements: list(25, ELEMENT) }, BLOCK_ID),
  context: object({ elements: list(10, ELEMENT) }, BLOCK_ID),
  context_actions: object({ elements: list(5, ELEMENT) }, BLOCK_ID),
  image: IMAGE,
  divider: object({}, BLOCK_ID),
  markdown: object({ text: text(12_000) }, BLOCK_ID),
  input: object({ label: plain(2_000), element: ELEMENT }, { hint: plain(2_000), ...BLOCK_ID }),
  video: object(
    { alt_text: text(2_000), title: plain(200), thumbnail_url: URL_TEXT, video_url: URL_TEXT },
    { title_url: URL_TEXT, author_name: text(50), ...BLOCK_ID },
  ),
  rich_text: object({ elements: list(Number.POSITIVE_INFINITY, object({}), 0) }, BLOCK_ID),
  table: object({ rows: list(100, list(20, object({}))) }, BLOCK_ID),
  alert: object({ text: any(3_000) }, BLOCK_ID),
  card: object({}, { ...CARD_TEXTS, ...BLOCK_ID }),
  carousel: object({ elements: list(10, object({}, CARD_TEXTS)) }, BLOCK_ID),
});

export const BLOCKS: Check = list(50, BLOCK, 0);
