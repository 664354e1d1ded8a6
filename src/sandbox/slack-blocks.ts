import { isJsonObject, type JsonObject } from '../model/json.ts';

const MAX_BLOCKS = 50;

/** What Slack says of blocks it does not take, each with where: `… [json-pointer:/blocks/0/text/text]`. Empty: nothing. */
export function listBlockFaults(blocks: readonly JsonObject[], pointer = '/blocks'): string[] {
  if (blocks.length > MAX_BLOCKS) return [error(`no more than ${MAX_BLOCKS} items allowed`, pointer)];
  return blocks.flatMap((block, index) => faultsOf(block, `${pointer}/${index}`));
}

function faultsOf(block: JsonObject, at: string): string[] {
  const { type, text, fields, elements, accessory } = block;
  switch (type) {
    case 'section':
      if (text === undefined && fields === undefined) return [error('missing required field: text', at)];
      return [
        ...textFaults(text, 3_000, `${at}/text`),
        ...listFaults(fields, 10, `${at}/fields`, (field, where) => textFaults(field, 2_000, where)),
        ...elementFaults(accessory, `${at}/accessory`),
      ];
    case 'header':
      return [...plainFaults(text, `${at}/text`), ...textFaults(text, 150, `${at}/text`)];
    case 'actions':
      return listFaults(elements, 25, `${at}/elements`, elementFaults);
    case 'context':
      return listFaults(elements, 10, `${at}/elements`, elementFaults);
    case 'image':
      return imageFaults(block, at);
    default:
      return KNOWN.has(String(type)) ? [] : [error(`unsupported type: ${String(type)}`, `${at}/type`)];
  }
}

const KNOWN: ReadonlySet<string> = new Set([
  ...['divider', 'markdown', 'rich_text', 'input', 'video', 'file', 'table', 'data_table', 'context_actions'],
  ...['alert', 'card', 'carousel', 'container', 'plan', 'task_card', 'call'],
]);

function elementFaults(element: unknown, at: string): string[] {
  if (!isJsonObject(element)) return [];
  const { type, text, action_id: action } = element;
  if (type === 'image') return imageFaults(element, at);
  if (type !== 'button') return type === 'mrkdwn' || type === 'plain_text' ? lengthFaults(text, 3_000, at) : [];
  return [
    ...plainFaults(text, `${at}/text`),
    ...textFaults(text, 75, `${at}/text`),
    ...(action === undefined ? [] : lengthFaults(action, 255, `${at}/action_id`)),
  ];
}

function imageFaults({ alt_text: alt, image_url: url, slack_file: file }: JsonObject, at: string): string[] {
  return [
    ...(typeof alt === 'string' ? [] : [error('missing required field: alt_text', at)]),
    ...(url === undefined && file === undefined ? [error('missing required field: image_url', at)] : []),
  ];
}

function plainFaults(text: unknown, at: string): string[] {
  if (!isJsonObject(text)) return [error('missing required field: text', at)];
  return text['type'] === 'plain_text' ? [] : [error(`unsupported type: ${String(text['type'])}`, `${at}/type`)];
}

function textFaults(object: unknown, max: number, at: string): string[] {
  return isJsonObject(object) ? lengthFaults(object['text'], max, `${at}/text`) : [];
}

function lengthFaults(text: unknown, max: number, at: string): string[] {
  if (typeof text !== 'string') return [error('must be a string', at)];
  if (text === '') return [error('must be more than 0 characters', at)];
  return text.length > max ? [error(`must be less than ${max + 1} characters`, at)] : [];
}

function listFaults(list: unknown, max: number, at: string, check: (item: unknown, at: string) => string[]): string[] {
  if (list === undefined) return [];
  if (!Array.isArray(list)) return [error('must be an array', at)];
  if (list.length > max) return [error(`no more than ${max} items allowed`, at)];
  return list.flatMap((item, index) => check(item, `${at}/${index}`));
}

const error = (what: string, pointer: string): string => `[ERROR] ${what} [json-pointer:${pointer}]`;
