import { aString, oneOf, shape } from './checks.ts';
import { type Answer, type Call, json } from './provider.ts';
import type { Twilio } from './twilio.ts';

/** The part of the control API that lets people answer a text message. */
export function controlTwilio(
  twilio: Pick<Twilio, 'say'>,
  readJson: (call: Call) => unknown,
): Readonly<Record<string, (call: Call) => Promise<Answer>>> {
  return {
    'POST /twilio/messages': async (call) => {
      const message = readJson(call);
      checkMessage(message);
      return json(200, { reply: await twilio.say(message.from, message.body, message.optOutType) });
    },
  };
}

interface Said {
  readonly from: string;
  readonly body: string;
  readonly optOutType?: 'STOP' | 'START' | 'HELP';
}

function checkMessage(value: unknown): asserts value is Said {
  shape({ from: aString, body: aString }, { optOutType: oneOf(['STOP', 'START', 'HELP']) })(value, 'message');
}
