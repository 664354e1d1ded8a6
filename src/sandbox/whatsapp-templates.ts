import { isJsonObject, type JsonObject } from '../model/json.ts';
import type { Answer } from './provider.ts';
import * as refusal from './whatsapp-errors.ts';

interface Template {
  readonly name: string;
  readonly language: string;
  readonly state: 'approved' | 'paused' | 'disabled';
  readonly header: number;
  /** How many by position, or the names. */
  readonly body: number | readonly string[];
  /** Over all buttons. */
  readonly buttons: number;
}

const PLAIN = { language: 'en_US', state: 'approved', header: 0, body: 0, buttons: 0 } as const;

/** What the business has had approved. */
const TEMPLATES: readonly Template[] = [
  { ...PLAIN, name: 'hello_world' },
  { ...PLAIN, name: 'order_shipped', body: 2, buttons: 1 },
  { ...PLAIN, name: 'order_shipped', language: 'de', body: 2, buttons: 1 },
  { ...PLAIN, name: 'notice', body: 1 },
  { ...PLAIN, name: 'welcome', body: ['first_name'] },
  { ...PLAIN, name: 'picture', header: 1 },
  { ...PLAIN, name: 'paused_offer', state: 'paused' },
  { ...PLAIN, name: 'disabled_offer', state: 'disabled' },
];

/** Why a `template` object cannot be sent; null when it can. */
export function refuseTemplate(given: JsonObject): Answer | null {
  const { name, language } = given;
  const code = isJsonObject(language) ? language['code'] : undefined;
  if (typeof name !== 'string') return refusal.parameterMissing("Parameter 'template.name' is missing.");
  if (typeof code !== 'string') return refusal.parameterMissing("Parameter 'template.language.code' is missing.");
  const template = TEMPLATES.find((other) => other.name === name && other.language === code);
  if (template === undefined) return refusal.templateMissing(`template name (${name}) does not exist in ${code}`);
  if (template.state === 'paused') return refusal.templatePaused;
  if (template.state === 'disabled') return refusal.templateDisabled;
  const components = Array.isArray(given['components']) ? given['components'].filter(isJsonObject) : [];
  return (
    refuseTexts(components) ??
    refuseCount('header', template.header, components) ??
    refuseBody(template, components) ??
    refuseCount('button', template.buttons, components)
  );
}

function refuseTexts(components: readonly JsonObject[]): Answer | null {
  const parameters = ['header', 'body', 'button'].flatMap((type) => parametersOf(type, components));
  const isBad = parameters.some(({ text }) => typeof text === 'string' && /[\n\r\t]| {5}/.test(text));
  const details = 'Param text cannot have new-line/tab characters or more than 4 consecutive spaces';
  return isBad ? refusal.badParameter(details) : null;
}

function refuseBody({ body }: Template, components: readonly JsonObject[]): Answer | null {
  const refused = refuseCount('body', typeof body === 'number' ? body : body.length, components);
  if (refused !== null || typeof body === 'number') return refused;
  const names = parametersOf('body', components).map((parameter) => parameter['parameter_name']);
  if (body.every((name) => names.includes(name))) return null;
  return refusal.parameterFormatWrong(`body: the template takes parameters by name: ${body.join(', ')}`);
}

function refuseCount(type: string, expected: number, components: readonly JsonObject[]): Answer | null {
  const { length } = parametersOf(type, components);
  if (length === expected) return null;
  return refusal.parameterCountWrong(
    `${type}: number of localizable_params (${length}) does not match the expected number of params (${expected})`,
  );
}

function parametersOf(type: string, components: readonly JsonObject[]): readonly JsonObject[] {
  return components
    .filter((component) => typeof component['type'] === 'string' && component['type'].toLowerCase() === type)
    .flatMap(({ parameters }) => (Array.isArray(parameters) ? parameters.filter(isJsonObject) : []));
}
