import type { Clock } from '../../model/clock.ts';
import type { News } from '../../model/news.ts';
import type { Callback, CallbackRequest, ChannelInbox, ChannelTools } from '../contract.ts';
import type { TwilioSettings } from './settings.ts';
import { readTwilioStatus } from './twilio-receipts.ts';
import { readTwilioReply } from './twilio-replies.ts';
import { isSignedByTwilio } from './twilio-signature.ts';

/** Twilio's own forms have a few kilobytes; sorting a large one to check its signature would cost more than it. */
const MAX_FORM_BYTES = 64 * 1024;

/**
 * Status callbacks (`receipts`) and incoming messages (`events`). The signature knows no time: a request that was seen
 * once can be repeated to the same URL, and then says again what it said.
 */
export class TwilioInbox implements ChannelInbox {
  readonly #accountSid: string;
  readonly #authToken: string | null;
  readonly #stopWords: TwilioSettings['stopWords'];
  readonly #clock: Clock;

  constructor({ accountSid, authToken, stopWords }: TwilioSettings, { clock }: Pick<ChannelTools, 'clock'>) {
    this.#accountSid = accountSid;
    this.#authToken = authToken ?? null;
    this.#stopWords = stopWords;
    this.#clock = clock;
  }

  async receive(request: CallbackRequest): Promise<Callback> {
    const form = this.#readForm(request);
    if (!(form instanceof URLSearchParams)) return form;
    const now = this.#clock.now();
    if (request.kind === 'events') return answer(readTwilioReply(form, this.#stopWords, now));
    return answer(readTwilioStatus(form, request.query.get('ref') ?? '', now));
  }

  #readForm({ method, url, headers, body }: CallbackRequest): URLSearchParams | Callback {
    if (this.#authToken === null) return refuse(403, NO_TOKEN);
    if (method !== 'POST') return refuse(405, 'Twilio is to use HTTP POST for callbacks and webhooks.');
    if (body.length > MAX_FORM_BYTES) return refuse(413, `The form is longer than ${MAX_FORM_BYTES} bytes.`);
    if (!/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(String(headers['content-type'] ?? ''))) {
      return refuse(415, 'It is no form, and Twilio posts messages and their statuses as forms only.');
    }
    const form = new URLSearchParams(Buffer.from(body).toString('utf8'));
    const signature = headers['x-twilio-signature'];
    const isSigned = typeof signature === 'string' && isSignedByTwilio({ url, form }, signature, this.#authToken);
    if (!isSigned) return refuse(403, BAD_SIGNATURE);
    if (form.get('AccountSid') !== this.#accountSid) return refuse(403, 'It is about another Twilio account.');
    return form;
  }
}

const NO_TOKEN =
  'authToken is not configured. Twilio signs what it posts with the auth token of the account, also where an API key sends.';
const BAD_SIGNATURE =
  'X-Twilio-Signature does not fit: authToken is not that of the account, publicUrl is not what Twilio was told, or it is not from Twilio.';

/** An empty TwiML document: nothing is to be done, and no answer to be sent. */
function answer(news: readonly News[]): Callback {
  return { reply: { status: 200, type: 'text/xml', body: '<?xml version="1.0" encoding="UTF-8"?><Response/>' }, news };
}

function refuse(status: number, refused: string): Callback {
  return { reply: { status }, news: [], refused };
}
