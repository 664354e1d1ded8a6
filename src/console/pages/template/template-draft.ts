import type { Template, TemplateDefinition, TemplateVariant } from '../../../client/template-documents.ts';
import { PARAMETER_TYPES, type ParameterType, type TemplateParameter } from '../../../model/template.ts';
import { ANY, firstMessage, type MessageDraft } from '../../parts/message/forms.ts';
import { readMessage } from '../../parts/message/read-message.ts';
import { textsOf, tokensIn } from '../../parts/message/tokens.ts';
import { writeMessage } from '../../parts/message/write-message.ts';
import type { Problem, Problems } from '../../parts/problems.ts';

/** A template while it is being written: what the fields hold, right or not. */
export interface TemplateDraft {
  readonly name: string;
  readonly description: string;
  readonly parameters: readonly ParameterDraft[];
  readonly variants: readonly VariantDraft[];
  /** The tag of the variant for whoever speaks none of the others. */
  readonly default: string;
}

export interface ParameterDraft {
  readonly name: string;
  readonly type: ParameterType;
  /** Without a default it has to be given, unless this is false. */
  readonly isRequired: boolean;
  readonly default: string;
  /** One a line; empty: any. */
  readonly values: string;
  readonly maxLength: string;
  readonly description: string;
}

export interface VariantDraft {
  readonly tag: string;
  readonly message: MessageDraft;
  /** What is said instead of it on some channels, by their ids. */
  readonly channels: readonly { readonly channel: string; readonly message: MessageDraft }[];
}

export const emptyTemplate = (): TemplateDraft => ({
  name: '',
  description: '',
  parameters: [],
  variants: [newVariant('en')],
  default: 'en',
});

export const newVariant = (tag: string): VariantDraft => ({
  tag,
  message: { ...firstMessage(ANY, ''), form: 'text', text: '' },
  channels: [],
});

export const newParameter = (name: string): ParameterDraft => ({
  name,
  type: 'string',
  isRequired: true,
  default: '',
  values: '',
  maxLength: '',
  description: '',
});

export const isParameterType = (text: string): text is ParameterType => PARAMETER_TYPES.some((type) => type === text);

export const readTemplate = ({
  name,
  description = '',
  parameters = {},
  variants,
  default: tag,
}: Template): TemplateDraft => ({
  name,
  description,
  parameters: Object.entries(parameters).map(([each, parameter]) => readParameter(each, parameter)),
  variants: Object.entries(variants).map(([each, { message, channels = {} }]) => ({
    tag: each,
    message: readMessage(message, ANY),
    channels: Object.entries(channels).map(([channel, own]) => ({ channel, message: readMessage(own, channel) })),
  })),
  default: tag,
});

const readParameter = (name: string, parameter: TemplateParameter): ParameterDraft => ({
  name,
  type: parameter.type,
  isRequired: parameter.required ?? parameter.default === undefined,
  default: parameter.default ?? '',
  values: (parameter.enum ?? []).join('\n'),
  maxLength: parameter.maxLength === undefined ? '' : String(parameter.maxLength),
  description: parameter.description ?? '',
});

export type WrittenTemplate = { readonly definition: TemplateDefinition } | { readonly problems: Problems };

/** What is put, or what keeps it from being a template. What else may be wrong the server says. */
export function writeTemplate(draft: TemplateDraft): WrittenTemplate {
  const problems: Problem[] = [];
  const names = draft.parameters.map(({ name }) => name.trim());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) problems.push({ pointer: `/parameters/${twice}`, sentence: 'is declared twice' });
  if (names.includes('')) problems.push({ pointer: '/parameters', sentence: 'one has no name' });
  const definition: TemplateDefinition = {
    ...(draft.description.trim() !== '' && { description: draft.description.trim() }),
    ...(draft.parameters.length > 0 && {
      parameters: Object.fromEntries(draft.parameters.map((each) => [each.name.trim(), writeParameter(each)])),
    }),
    variants: Object.fromEntries(draft.variants.map((each) => [each.tag, writeVariant(each, problems)])),
    default: draft.default,
  };
  return problems.length === 0 ? { definition } : { problems };
}

function writeParameter({ type, isRequired, default: value, ...more }: ParameterDraft): TemplateParameter {
  const values = more.values.split('\n').filter((line) => line.trim() !== '');
  return {
    type,
    // What has a default is never missing.
    ...(value === '' && !isRequired && { required: false }),
    ...(value !== '' && { default: value }),
    ...(values.length > 0 && { enum: values }),
    ...(more.maxLength !== '' && { maxLength: Number(more.maxLength) }),
    ...(more.description.trim() !== '' && { description: more.description.trim() }),
  };
}

function writeVariant({ tag, message, channels }: VariantDraft, problems: Problem[]): TemplateVariant {
  const place = `/variants/${tag}`;
  return {
    message: writeMessage(message, `${place}/message`, problems),
    ...(channels.length > 0 && {
      channels: Object.fromEntries(
        channels.map(({ channel, message: own }) => [
          channel,
          writeMessage(own, `${place}/channels/${channel}`, problems),
        ]),
      ),
    }),
  };
}

/** Which tokens of its messages nobody has declared. */
export function undeclared({ parameters, variants }: TemplateDraft): string[] {
  const texts = variants.flatMap(({ message, channels }) => [
    ...textsOf(message),
    ...channels.flatMap((each) => textsOf(each.message)),
  ]);
  const declared = new Set(parameters.map(({ name }) => name));
  return tokensIn(texts).filter((name) => !declared.has(name));
}
