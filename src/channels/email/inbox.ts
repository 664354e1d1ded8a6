import type { Clock } from '../../model/clock.ts';
import type { News } from '../../model/news.ts';
import type { Connection } from '../../model/tenancy.ts';
import type { Callback, CallbackRequest, ChannelInbox, ChannelTools } from '../contract.ts';
import type { EmailSettings } from './settings.ts';
import { type Names, UnsubscribeLinks } from './unsubscribe-links.ts';
import { ASKING, DONE, NO_LINK } from './unsubscribe-pages.ts';

/** What a mail program posts has fifty bytes, or some hundred in parts. */
const MAX_CLICK_BYTES = 16 * 1024;

/**
 * Hears who wants no more mail (RFC 8058). Their mail program posts to the link by itself; a person who opens it in a
 * browser is asked first, since virus scanners open links too.
 */
export class EmailInbox implements ChannelInbox {
  readonly #links: UnsubscribeLinks | null;
  readonly #clock: Clock;

  constructor({ unsubscribeSecret }: EmailSettings, { id }: Connection, { clock }: Pick<ChannelTools, 'clock'>) {
    this.#links = unsubscribeSecret === undefined ? null : new UnsubscribeLinks(unsubscribeSecret, id);
    this.#clock = clock;
  }

  async receive({ kind, method, query, headers, body }: CallbackRequest): Promise<Callback> {
    if (kind !== 'events') return { reply: { status: 404 }, news: [], refused: 'Bounces are not taken over HTTP.' };
    if (this.#links === null) return refuse('unsubscribeSecret is not configured, so no link can be believed.');
    const names = this.#links.read(query.get('u') ?? '');
    if (names === null) return refuse('The link is not one of ours, or of another unsubscribeSecret.');
    if (method === 'GET') return show(200, ASKING);
    if (!isOneClick(headers['content-type'], body)) return show(400, ASKING);
    return { ...show(200, DONE), news: this.#silence(names) };
  }

  #silence(names: Names): readonly News[] {
    const at = this.#clock.now();
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

function refuse(refused: string): Callback {
  return { ...show(403, NO_LINK), refused };
}

function show(status: number, body: string): Callback {
  return { reply: { status, type: 'text/html', body }, news: [] };
}
