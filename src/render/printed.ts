import { findJsonFault } from '../model/json-guard.ts';
import type { Message, Script } from '../model/message.ts';
import { parsePayload } from './message.ts';

/** What a script printed, as a message, or why it is none. */
export type Printed =
  | { readonly ok: true; readonly message: Message }
  | { readonly ok: false; readonly reason: string };

/** Different outputs of one script that are remembered: few, or as many as there are people, and then none is met twice. */
const MAX_KNOWN = 16;

const known = new WeakMap<Script, Map<string, Printed>>();

/** JSON is the channel's own payload, anything else its text. The same output of the same script is the same object. */
export function readPrinted(script: Script, output: string): Printed {
  const outputs = known.get(script) ?? new Map<string, Printed>();
  known.set(script, outputs);
  const earlier = outputs.get(output);
  if (earlier !== undefined) return earlier;
  const printed = toMessage(output);
  if (outputs.size < MAX_KNOWN) outputs.set(output, printed);
  return printed;
}

function toMessage(output: string): Printed {
  const payload = parsePayload(output);
  const fault = findJsonFault(payload ?? output);
  if (fault !== null) return { ok: false, reason: `printed what cannot be sent: ${fault}` };
  return { ok: true, message: payload === null ? { type: 'text', text: output } : { type: 'native', payload } };
}
