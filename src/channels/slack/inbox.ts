import type { Clock } from '../../model/clock.ts';
import { type JsonObject, parseJsonObject } from '../../model/json.ts';
import { findJsonFault } from '../../model/json-guard.ts';
import type { News } from '../../model/news.ts';
import type { Connection } from '../../model/tenancy.ts';
import type { Callback, CallbackReply, CallbackRequest, ChannelInbox, ChannelTools } from '../contract.ts';
import { readEvent } from './events.ts';
import type { SlackSettings } from './settings.ts';
import { findSignatureFault } from './signature.ts';
import { SlackWebApi } from './web-api.ts';
import { Workspace } from './workspace.ts';

/**
 * The Events API. Slack posts the events of one app, of every workspace it is installed in, to one URL; the signature
 * proves the app, hence `api_app_id` says nothing new, and the workspace has to be ours. What comes again
 * (X-Slack-Retry-Num) brings the same news with the same time.
 */
export class SlackInbox implements ChannelInbox {
  readonly #signingSecret: string | null;
  readonly #clock: Clock;
  readonly #workspace: Workspace;

  constructor(settings: SlackSettings, { allowPrivateNetwork }: Connection, { outbound, clock }: ChannelTools) {
    this.#signingSecret = settings.signingSecret ?? null;
    this.#clock = clock;
    const api = new SlackWebApi({ ...settings, allowPrivateNetwork, outbound });
    this.#workspace = new Workspace(api, settings.teamId ?? null);
  }

  async receive(request: CallbackRequest): Promise<Callback> {
    const payload = this.#open(request);
    if ('reply' in payload) return payload.reply;
    const { body } = payload;
    if (body['type'] === 'url_verification') return answerChallenge(body['challenge']);
    if (body['type'] !== 'event_callback') return acknowledge([]);

    const news = readEvent(body, this.#clock.now());
    if (news.length === 0) return acknowledge([]);
    switch (await this.#workspace.isAbout(body, request.signal)) {
      case 'ours':
        return acknowledge(news);
      case 'foreign':
        return acknowledge([]);
      case 'dead':
        // Slack knows our token no more, so of two workspaces that could have been left it is ours.
        return acknowledge(news.filter(({ kind }) => kind === 'disconnected'));
      case 'unknown':
        return refuse(503, 'Slack could not be asked which workspace this is; it will come again.');
    }
  }

  #open(request: CallbackRequest): { readonly body: JsonObject } | { readonly reply: Callback } {
    const secret = this.#signingSecret;
    if (secret === null) return { reply: refuse(403, 'signingSecret is not configured, so no event can be believed.') };
    const fault = findSignatureFault(request, secret, this.#clock.now());
    if (fault !== null) return { reply: refuse(401, fault) };
    if (request.kind !== 'events') return { reply: refuse(404, 'Slack has no receipts; its events go to …/events.') };
    const body = parseJsonObject(Buffer.from(request.body).toString('utf8'));
    if (body === null) return { reply: refuse(400, 'It is no JSON object.') };
    const flaw = findJsonFault(body);
    return flaw === null ? { body } : { reply: refuse(400, `Its JSON is refused: ${flaw}`) };
  }
}

const MAX_CHALLENGE = 1_000;

function answerChallenge(challenge: unknown): Callback {
  if (typeof challenge !== 'string' || challenge.length > MAX_CHALLENGE) return refuse(400, 'It has no challenge.');
  return { reply: { status: 200, type: 'text/plain', body: challenge }, news: [] };
}

const OK: CallbackReply = { status: 200 };

const acknowledge = (news: readonly News[]): Callback => ({ reply: OK, news });

function refuse(status: number, refused: string): Callback {
  return { reply: { status }, news: [], refused };
}
