import { aBoolean, anInteger, aString, type Check, ControlError, listOf, oneOf, shape } from './checks.ts';
import { type Answer, type Call, json } from './provider.ts';
import {
  WHATSAPP_STATUSES,
  WHATSAPP_WINDOWS,
  type WhatsappChange,
  type WhatsappEvents,
  type WhatsappSender,
} from './whatsapp-events.ts';

type Route = (call: Call) => Promise<Answer>;

/** The part of the control API that makes Meta speak. `readJson` throws ControlError for a body that is none. */
export function controlWhatsapp(
  events: WhatsappEvents,
  readJson: (call: Call) => unknown,
): Readonly<Record<string, Route>> {
  return {
    'PUT /whatsapp': async (call) => {
      const change = readJson(call);
      checkChange(change);
      events.change(change);
      return json(200, { ok: true });
    },
    'POST /whatsapp/messages': async (call) => {
      const message = readJson(call);
      checkInbound(message);
      return json(200, { id: await events.write(message, message.text) });
    },
    'POST /whatsapp/preferences': async (call) => {
      const preference = readJson(call);
      checkPreference(preference);
      await events.prefer(preference, preference.value);
      return json(200, { ok: true });
    },
  };
}

function checkChange(value: unknown): asserts value is WhatsappChange {
  shape(
    {},
    {
      statuses: listOf(oneOf(WHATSAPP_STATUSES)),
      times: anInteger(1, 10),
      batch: anInteger(1, 1_000),
      hold: aBoolean,
      window: oneOf(WHATSAPP_WINDOWS),
      failures: listOf(shape({ match: aString, code: anInteger(0, 9_999_999) })),
    },
  )(value, 'whatsapp');
}

function checkInbound(value: unknown): asserts value is WhatsappSender & { readonly text?: string } {
  aSender({ text: aString })(value, 'message');
}

function checkPreference(value: unknown): asserts value is WhatsappSender & { readonly value: 'stop' | 'resume' } {
  aSender({ value: oneOf(['stop', 'resume']) })(value, 'preference');
  if (typeof value === 'object' && value !== null && 'value' in value) return;
  throw new ControlError('preference.value must be one of stop, resume.');
}

function aSender(more: Readonly<Record<string, Check>>): Check {
  const aPerson = shape({}, { from: digits, userId: aUserId, ...more });
  return (value, path) => {
    aPerson(value, path);
    const isNamed = typeof value === 'object' && value !== null && ('from' in value || 'userId' in value);
    if (!isNamed) throw new ControlError(`${path} needs from, userId or both.`);
  };
}

const digits = matching(/^\d{5,15}$/, 'the digits of a phone number without a plus');
const aUserId = matching(/^[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{1,128}$/, 'a user id such as US.1349');

function matching(pattern: RegExp, wanted: string): Check {
  return (value, path) => {
    if (typeof value !== 'string' || !pattern.test(value)) throw new ControlError(`${path} must be ${wanted}.`);
  };
}
