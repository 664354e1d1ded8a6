import type { JsonObject } from '../model/json.ts';
import { objectsOf, stringOf } from './slack-arguments.ts';
import { listBlockFaults } from './slack-blocks.ts';

export interface SlackMessage {
  readonly text: string | null;
  readonly blocks: readonly JsonObject[] | null;
}

const MAX_TEXT = 40_000;
const MAX_MARKDOWN = 12_000;
const MAX_BLOCKS_JSON = 13_000;
const MAX_ATTACHMENTS = 100;

export interface SlackMessageFault {
  readonly error: string;
  readonly messages: readonly string[];
}

/** The message to post, or the error that Slack names instead. A text over 40,000 characters is cut, not refused. */
export function readMessage(values: Readonly<Record<string, unknown>>): SlackMessage | SlackMessageFault {
  const text = stringOf(values, 'text');
  const markdown = stringOf(values, 'markdown_text');
  const blocks = objectsOf(values, 'blocks');
  const attachments = objectsOf(values, 'attachments');
  if (blocks === 'malformed') return fault('invalid_blocks_format');
  if (attachments === 'malformed') return fault('invalid_arguments');
  if (markdown !== null && (text !== null || blocks !== null)) return fault('markdown_text_conflict');
  if (markdown !== null && markdown.length > MAX_MARKDOWN) return fault('msg_too_long');
  if ((attachments?.length ?? 0) > MAX_ATTACHMENTS) return fault('too_many_attachments');
  const messages = listBlockFaults(blocks ?? []);
  if (messages.length > 0) return fault('invalid_blocks', messages);
  if (JSON.stringify(blocks ?? []).length > MAX_BLOCKS_JSON) return fault('msg_blocks_too_long');
  const said = text ?? markdown;
  if (said === null && isEmpty(blocks) && isEmpty(attachments)) return fault('no_text');
  return { text: said?.slice(0, MAX_TEXT) ?? null, blocks };
}

function fault(error: string, messages: readonly string[] = []): SlackMessageFault {
  return { error, messages };
}

function isEmpty(list: readonly JsonObject[] | null): boolean {
  return list === null || list.length === 0;
}
