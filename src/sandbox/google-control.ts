import { aBoolean, aString, oneOf, shape } from './checks.ts';
import { GOOGLE_EVENTS, type GoogleEvent, type GoogleEvents } from './google-events.ts';
import { type Answer, type Call, json } from './provider.ts';

/** The part of the control API that lets people do something in Google Chat. */
export function controlGoogle(
  events: GoogleEvents,
  readJson: (call: Call) => unknown,
): Readonly<Record<string, (call: Call) => Promise<Answer>>> {
  return {
    'POST /googlechat/events': async (call) => {
      const event = readJson(call);
      checkEvent(event);
      return json(200, { reply: await events.happen(event) });
    },
  };
}

function checkEvent(value: unknown): asserts value is GoogleEvent {
  shape({ kind: oneOf(GOOGLE_EVENTS), user: aString }, { email: aString, space: aString, addOn: aBoolean })(
    value,
    'event',
  );
}
