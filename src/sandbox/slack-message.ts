import { isJsonObject, type JsonObject } from '../model/json.ts';
import { objectsOf, stringOf } from './slack-arguments.ts';

export interface SlackMessage {
  readonly text: string | null;
  readonly blocks: readonly JsonObject[] | null;
}

const MAX_TEXT = 40_000;
const MAX_MARKDOWN = 12_000;
const MAX_BLOCKS = 50;
const MAX_BLOCKS_JSON = 13_000;
const MAX_SECTION_TEXT = 3_000;
const MAX_HEADER_TEXT = 150;
const MAX_ATTACHMENTS = 100;

/** The message to post, or the error that Slack names instead. A text over 40,000 characters is cut, not refused. */
export function readMessage(values: Readonly<Record<string, unknown>>): SlackMessage | string {
  const text = stringOf(values, 'text');
  const markdown = stringOf(values, 'markdown_text');
  const blocks = objectsOf(values, 'blocks');
  const attachments = objectsOf(values, 'attachments');
  if (blocks === 'malformed') return 'invalid_blocks_format';
  if (attachments === 'malformed') return 'invalid_arguments';
  if (markdown !== null && (text !== null || blocks !== null)) return 'markdown_text_conflict';
  if (markdown !== null && markdown.length > MAX_MARKDOWN) return 'msg_too_long';
  if ((attachments?.length ?? 0) > MAX_ATTACHMENTS) return 'too_many_attachments';
  const badBlocks = blocks === null ? null : faultOfBlocks(blocks);
  if (badBlocks !== null) return badBlocks;
  const said = text ?? markdown;
  if (said === null && isEmpty(blocks) && isEmpty(attachments)) return 'no_text';
  return { text: said?.slice(0, MAX_TEXT) ?? null, blocks };
}

function faultOfBlocks(blocks: readonly JsonObject[]): string | null {
  if (blocks.length > MAX_BLOCKS || blocks.some(isBadBlock)) return 'invalid_blocks';
  return JSON.stringify(blocks).length > MAX_BLOCKS_JSON ? 'msg_blocks_too_long' : null;
}

function isBadBlock({ type, text }: JsonObject): boolean {
  if (typeof type !== 'string') return true;
  if (!isJsonObject(text) || typeof text['text'] !== 'string') return false;
  if (type === 'section') return text['text'].length > MAX_SECTION_TEXT;
  return type === 'header' && text['text'].length > MAX_HEADER_TEXT;
}

function isEmpty(list: readonly JsonObject[] | null): boolean {
  return list === null || list.length === 0;
}
