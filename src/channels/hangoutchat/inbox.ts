import type { Clock } from '../../model/clock.ts';
import { parseJsonObject } from '../../model/json.ts';
import { findJsonFault } from '../../model/json-guard.ts';
import type { News } from '../../model/news.ts';
import type { Connection } from '../../model/tenancy.ts';
import type { Callback, CallbackRequest, ChannelInbox, ChannelTools } from '../contract.ts';
import { Caller } from './caller.ts';
import { readChatEvent } from './events.ts';
import type { GoogleChatSettings } from './settings.ts';

/** Hears who opened a direct message with the app, and who removed it. Chat gives no receipts. */
export class GoogleChatInbox implements ChannelInbox {
  readonly #caller: Caller;
  readonly #clock: Clock;

  constructor(settings: GoogleChatSettings, connection: Connection, tools: ChannelTools) {
    this.#caller = new Caller(settings, connection, tools);
    this.#clock = tools.clock;
  }

  async receive({ method, kind, headers, body }: CallbackRequest): Promise<Callback> {
    if (kind !== 'events' || method !== 'POST') return refuse(404, 'Google Chat posts events, and nothing else.');
    const doubt = await this.#caller.doubt(headers['authorization']);
    if (doubt !== null) return refuse(doubt.status, doubt.why);
    const event = parseJsonObject(Buffer.from(body).toString('utf8'));
    if (event === null) return refuse(400, 'The body is not a JSON object.');
    const fault = findJsonFault(event);
    if (fault !== null) return refuse(400, `The body is not what Google Chat posts: ${fault}`);
    return answer(readChatEvent(event, this.#clock.now()));
  }
}

/** An empty object: the app has nothing to say in return. */
function answer(news: readonly News[]): Callback {
  return { reply: { status: 200, type: 'application/json', body: '{}' }, news };
}

function refuse(status: number, refused: string): Callback {
  return { reply: { status }, news: [], refused };
}
