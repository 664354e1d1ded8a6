import { parseJsonObject } from '../../model/json.ts';
import type { Callback, CallbackRequest, ChannelInbox, ChannelTools } from '../contract.ts';
import { readNews } from './events.ts';
import type { WhatsappSettings } from './settings.ts';
import { isSameSecret, isSigned } from './signature.ts';

/** Hears what Meta's webhooks say of one business phone number. */
export class WhatsappInbox implements ChannelInbox {
  readonly #settings: WhatsappSettings;
  readonly #tools: Pick<ChannelTools, 'clock'>;

  constructor(settings: WhatsappSettings, tools: Pick<ChannelTools, 'clock'>) {
    this.#settings = settings;
    this.#tools = tools;
  }

  async receive(request: CallbackRequest): Promise<Callback> {
    return request.method === 'GET' ? this.#shakeHands(request.query) : this.#hear(request);
  }

  /** Meta asks once, when the webhook is set up, and wants its challenge back. */
  #shakeHands(query: URLSearchParams): Callback {
    const { verifyToken } = this.#settings;
    if (verifyToken === undefined) return refuse(403, 'verifyToken is not configured, so no webhook can be set up');
    const challenge = query.get('hub.challenge') ?? '';
    if (query.get('hub.mode') !== 'subscribe' || !CHALLENGE.test(challenge)) return refuse(403, 'no handshake of Meta');
    if (!isSameSecret(query.get('hub.verify_token') ?? '', verifyToken)) return refuse(403, 'a wrong verify token');
    return { reply: { status: 200, type: 'text/plain', body: challenge }, news: [] };
  }

  #hear({ headers, body }: CallbackRequest): Callback {
    const { appSecret } = this.#settings;
    if (appSecret === undefined) return refuse(403, 'appSecret is not configured, so no webhook can be believed');
    if (!isSigned(headers['x-hub-signature-256'], body, appSecret))
      return refuse(401, 'the signature is missing or wrong');
    const said = parseJsonObject(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
    if (said === null) return refuse(400, 'the body is no JSON object');
    return { reply: { status: 200 }, news: readNews(said, this.#settings, this.#tools.clock.now()) };
  }
}

/** Digits today. Nothing that a browser could take for a page is ever sent back. */
const CHALLENGE = /^[\w-]{1,256}$/;

function refuse(status: 400 | 401 | 403, refused: string): Callback {
  return { reply: { status }, news: [], refused };
}
