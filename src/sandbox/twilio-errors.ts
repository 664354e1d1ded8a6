import type { TwilioState } from './people.ts';
import { type Answer, json } from './provider.ts';

/** Twilio's refusals: a code of its own in a body, under a status that says less. */
export const unauthenticated = no(401, 20003, 'Authentication Error - invalid username');
export const bodyMissing = no(400, 21602, 'Message body is required.');
export const bodyTooLong = no(
  400,
  21617,
  'The concatenated message body exceeds the 1600 character limit. Message body must be less than 1600 characters.',
);
export const senderMissing = no(400, 21603, "A 'From' phone number is required.");
export const serviceInvalid = no(400, 21705, 'The Messaging Service Sid is invalid.');
export const contentInvalid = no(400, 21655, 'The ContentSid Parameter is invalid.');
export const variablesInvalid = no(400, 21656, 'The ContentVariables Parameter is invalid.');
export const recipientMissing = no(400, 21604, "A 'To' phone number is required.");
/** Says that nothing was done: the one answer after which Twilio promises that a repeat is no double. */
export const tooManyRequests = no(429, 20429, 'Too Many Requests');

export function notFound(path: string): Answer {
  return no(404, 20404, `The requested resource ${path} was not found`);
}

export function senderForeign(from: string): Answer {
  return no(400, 21659, `'From' ${from} is not a Twilio phone number or Short Code country mismatch`);
}

export function callbackInvalid(url: string): Answer {
  return no(400, 21609, `The 'StatusCallback' URL ${url} is not a valid URL.`);
}

export function recipientInvalid(to: string): Answer {
  return no(400, 21211, `Invalid 'To' Phone Number: ${to}`);
}

/** Why this phone gets no message; null when it does. */
export function refusePhone(to: string, state: TwilioState): Answer | null {
  switch (state) {
    case 'reachable':
      return null;
    case 'unknown':
      return recipientInvalid(to);
    case 'stopped':
      return no(400, 21610, 'Attempt to send to unsubscribed recipient');
    case 'landline':
      return no(400, 21614, `'To' number is not a valid mobile number: ${to}`);
    case 'no_route':
      return no(400, 21612, `Message cannot be sent with the current combination of 'To' (${to}) and/or 'From'`);
    case 'country_blocked':
      return no(
        400,
        21408,
        `Permission to send an SMS has not been enabled for the region indicated by the 'To': ${to}`,
      );
  }
}

/** The usual refusal of a status, for faults that name no body. */
export function twilioRefusal(status: number): Answer {
  if (status === 400) return recipientInvalid('+0');
  if (status === 401) return unauthenticated;
  if (status === 403) return no(403, 20005, 'Account not active');
  if (status === 404) return notFound('/');
  if (status === 429) return tooManyRequests;
  return no(status, 20000 + status, `Status ${status}`);
}

function no(status: number, code: number, message: string): Answer {
  return json(status, { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status });
}
