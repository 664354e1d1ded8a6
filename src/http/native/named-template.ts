import type { Content, Message, Parameters } from '../../model/message.ts';
import type { Template, TemplateKey } from '../../model/template.ts';
import { fitParameters } from '../../render/parameters.ts';
import type { Store } from '../../store/port.ts';
import { escapeKey } from '../contract/explain.ts';
import { toTemplate } from './read-template.ts';
import type { SendBody } from './send-body.ts';
import { show, wrong } from './wrong.ts';

/** A template that a call names. */
export interface NamedTemplate {
  readonly key: TemplateKey;
  readonly template: Template;
  /** What it says on a channel for which no variant has words of its own. */
  readonly content: Content;
}

/** Null: the body names none. */
export async function findTemplate(
  { template: named, message }: Pick<SendBody, 'template' | 'message'>,
  { store, botId }: { readonly store: Pick<Store, 'findTemplate'>; readonly botId: string },
): Promise<NamedTemplate | null> {
  if (named === undefined) return null;
  if (message !== undefined)
    throw wrong('/message', 'stands beside a template, which says it all: leave out one of them');
  const { name, version = null } = named;
  const found = await store.findTemplate({ botId, name, version });
  if (found === null) {
    const newest = version === null ? null : await store.findTemplate({ botId, name, version: null });
    if (newest === null)
      throw wrong('/template/name', `there is no template ${show(name)}; put one, or correct the name`);
    throw wrong('/template/version', `the newest version of ${show(name)} is ${newest.latest}`);
  }
  if (found.archivedAt !== null) {
    throw wrong('/template/name', `${show(name)} is archived; put it again, or use another`);
  }
  return readFound(name, found);
}

/** The version that was named when a notification was asked for, whatever has become of the template since. */
export async function findNamed(
  key: TemplateKey | undefined,
  { store, botId }: { readonly store: Pick<Store, 'findTemplate'>; readonly botId: string },
): Promise<NamedTemplate | null> {
  const found = key === undefined ? null : await store.findTemplate({ botId, ...key });
  return key === undefined || found === null ? null : readFound(key.name, found);
}

function readFound(name: string, { version, definition }: { readonly version: number; readonly definition: string }) {
  const template = toTemplate(JSON.parse(definition));
  return { key: { name, version }, template, content: contentOf(template, '') };
}

/** What it says on a channel: the same object wherever it says the same. */
export function contentFor({ template, content }: NamedTemplate, channel: string): Content {
  const hasOwn = Object.values(template.variants).some(({ channels }) => Object.hasOwn(channels, channel));
  return hasOwn ? contentOf(template, channel) : content;
}

function contentOf({ variants, default: tag }: Template, channel: string): Content {
  const spoken = Object.entries(variants).map(([name, { message, channels }]): [string, Message] => [
    name,
    channels[channel] ?? message,
  ]);
  const [only] = spoken;
  // Nobody's language is asked for where there is no choice.
  if (only !== undefined && spoken.length === 1) return only[1];
  return { type: 'localised', variants: Object.fromEntries(spoken), default: tag };
}

/** What the tokens stand for, for one recipient; refuses what the template does not take. */
export function fitTemplate(
  { template }: NamedTemplate,
  joined: Parameters,
  own: Parameters = {},
  place: string,
): Parameters | null {
  const fitted = fitParameters(template.parameters, joined);
  if (fitted.ok) return fitted.values;
  const { name, what } = fitted;
  const isOfAll = Object.hasOwn(joined, name) && !Object.hasOwn(own, name);
  throw wrong(`${isOfAll ? '' : place}/parameters/${escapeKey(name)}`, what);
}
