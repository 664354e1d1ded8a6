import { hash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../model/clock.ts';
import type { News } from '../../model/news.ts';
import type { Connection } from '../../model/tenancy.ts';
import type { Callback, CallbackRequest, ChannelInbox, ChannelTools } from '../contract.ts';
import { readBounce } from './bounce.ts';
import { readBounceNews } from './bounce-news.ts';
import type { EmailSettings } from './settings.ts';
import { UnsubscribeLinks, type Unsubscription } from './unsubscribe-links.ts';
import { ASKING, DONE, NO_LINK } from './unsubscribe-pages.ts';

/** What a mail program posts has fifty bytes, or some hundred in parts. */
const MAX_CLICK_BYTES = 16 * 1024;

/**
 * Hears who wants no more mail (RFC 8058), and which mail came back. Their mail program posts to the link by itself; a person who opens it in a
 * browser is asked first, since virus scanners open links too.
 * Bounces come from the operator's own mail server, which has a secret of its own for that.
 */
export class EmailInbox implements ChannelInbox {
  readonly #links: UnsubscribeLinks | null;
  readonly #bounceSecret: string | null;
  readonly #clock: Clock;

  constructor(settings: EmailSettings, { id }: Connection, { clock }: Pick<ChannelTools, 'clock'>) {
    const { unsubscribeSecret, bounceSecret } = settings;
    this.#bounceSecret = bounceSecret ?? null;
    this.#links = unsubscribeSecret === undefined ? null : new UnsubscribeLinks(unsubscribeSecret, id);
    this.#clock = clock;
  }

  async receive(request: CallbackRequest): Promise<Callback> {
    return request.kind === 'events' ? this.#hearClick(request) : this.#hearBounce(request);
  }

  #hearClick({ method, query, headers, body }: CallbackRequest): Callback {
    if (this.#links === null) return refuse('unsubscribeSecret is not configured, so no link can be believed.');
    const said = this.#links.read(query.get('u') ?? '');
    if (said === null) return refuse('The link is not one of ours, or of another unsubscribeSecret.');
    if (method === 'GET') return show(200, ASKING);
    if (!isOneClick(headers['content-type'], body)) return show(400, ASKING);
    return { ...show(200, DONE), news: this.#heed(said) };
  }

  #hearBounce({ method, headers, body }: CallbackRequest): Callback {
    const secret = this.#bounceSecret;
    if (secret === null) return turnAway(403, 'bounceSecret is not configured, so no bounce can be believed.');
    if (method !== 'POST') return turnAway(405, 'Bounces are posted.');
    const given = /^Bearer +(\S+)$/i.exec(String(headers['authorization'] ?? ''))?.[1] ?? '';
    if (!isSame(given, secret)) return turnAway(401, 'The bearer token is not bounceSecret.');
    const bounce = readBounce(body);
    // Whatever else comes to the address of bounces (an absence note, a forged bounce) must not come again.
    const news = bounce === null ? null : readBounceNews(bounce, { secret, now: this.#clock.now() });
    if (news === null) return { reply: { status: 200 }, news: [], refused: 'It is no bounce of a mail of ours.' };
    return { reply: { status: 200 }, news };
  }

  #heed({ names, category }: Unsubscription): readonly News[] {
    const at = this.#clock.now();
    if (category !== null) return [{ kind: 'declined', identities: names, category, at }];
    return names.map((identity) => ({
      kind: 'silenced',
      identity,
      reason: 'opted_out',
      detail: 'unsubscribed by the link in a mail',
      at,
    }));
  }
}

/** `List-Unsubscribe=One-Click`, as a form of either kind. */
function isOneClick(type: string | string[] | undefined, body: Uint8Array): boolean {
  if (body.length > MAX_CLICK_BYTES) return false;
  const text = Buffer.from(body).toString('latin1');
  if (/^multipart\/form-data\b/i.test(String(type ?? ''))) return PART.test(text);
  return new URLSearchParams(text.trim()).get('List-Unsubscribe') === 'One-Click';
}

/** Of a part, its name and its value; there may be more headers before the empty line. */
const PART = /\bname="?List-Unsubscribe"?[^\n]*\n(?:[^\r\n]+\r?\n){0,8}\r?\nOne-Click\r?\n--/i;

/** Takes equally long wherever they differ, and whatever their lengths. */
const isSame = (given: string, secret: string): boolean =>
  timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', secret, 'buffer'));

function turnAway(status: number, refused: string): Callback {
  return { reply: { status }, news: [], refused };
}

function refuse(refused: string): Callback {
  return { ...show(403, NO_LINK), refused };
}

function show(status: number, body: string): Callback {
  return { reply: { status, type: 'text/html', body }, news: [] };
}
