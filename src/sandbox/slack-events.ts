import { createHmac } from 'node:crypto';
import type { Clock } from '../model/clock.ts';
import type { People, SlackPerson } from './people.ts';
import { directMessageOf, TEAM, toUser, userIdOf } from './slack-people.ts';
import type { WebhookPost, WebhookReply, Webhooks } from './webhooks.ts';

export interface SlackApp {
  readonly token: string;
  readonly signingSecret: string;
}

export interface SlackEventsParts {
  readonly app: SlackApp;
  readonly people: People;
  readonly webhooks: Webhooks;
  readonly clock: Clock;
}

/** What can happen in the workspace. */
export type SlackChange =
  | { readonly kind: 'user_joined' | 'user_deactivated' | 'conversation_opened'; readonly email: string }
  /** The id stays; nobody has the old address any more. */
  | { readonly kind: 'email_changed'; readonly email: string; readonly newEmail: string }
  /** The token is revoked with it. */
  | { readonly kind: 'app_uninstalled' }
  /** The URL is entered in the app's settings. */
  | { readonly kind: 'url_verification' };

export const SLACK_CHANGES = [
  'user_joined',
  'user_deactivated',
  'conversation_opened',
  'email_changed',
  'app_uninstalled',
  'url_verification',
] as const satisfies readonly SlackChange['kind'][];

const APP_ID = 'A0SANDBOX';

/** The workspace as it lives: it changes, and the app is told by signed events. */
export class SlackEvents {
  readonly #parts: SlackEventsParts;
  #count = 0;
  #isInstalled = true;

  constructor(parts: SlackEventsParts) {
    this.#parts = parts;
  }

  get isInstalled(): boolean {
    return this.#isInstalled;
  }

  /** Makes it so, and posts the events; answers what became of each, null: nobody answered with a 2xx. */
  async announce(change: SlackChange): Promise<(WebhookReply | null)[]> {
    return Promise.all(this.#happen(change).map((body) => this.#post(body)));
  }

  reset(): void {
    this.#isInstalled = true;
  }

  /** The bodies of the events that follow from a change. */
  #happen(change: SlackChange): object[] {
    const { people } = this.#parts;
    switch (change.kind) {
      case 'user_joined':
        return [this.#callback({ type: 'team_join', user: toUser(this.#put(change.email, { state: 'active' })) })];
      case 'user_deactivated':
        return [this.#callback({ type: 'user_change', user: toUser(this.#put(change.email, { state: 'deleted' })) })];
      case 'email_changed': {
        const id = userIdOf(people.slackPerson(change.email));
        this.#put(change.email, { state: 'unknown' });
        const moved = this.#put(change.newEmail, { state: 'active', id });
        return [this.#callback({ type: 'user_change', user: toUser(moved) })];
      }
      case 'conversation_opened': {
        const person = people.slackPerson(change.email);
        const channel = { id: directMessageOf(person), is_im: true, user: userIdOf(person) };
        return [this.#callback({ type: 'im_created', user: userIdOf(person), channel })];
      }
      case 'app_uninstalled':
        this.#isInstalled = false;
        return [
          this.#callback({ type: 'app_uninstalled' }),
          this.#callback({ type: 'tokens_revoked', tokens: { oauth: [], bot: ['U0SANDBOX'] } }),
        ];
      case 'url_verification':
        return [{ token: 'deprecated', challenge: `challenge-${++this.#count}`, type: 'url_verification' }];
    }
  }

  #put(email: string, change: Pick<SlackPerson, 'state'> & { readonly id?: string }): SlackPerson {
    const { people } = this.#parts;
    people.change({ slack: [{ ...people.slackPerson(email), ...change }] });
    return people.slackPerson(email);
  }

  #callback(event: object): object {
    const seconds = Math.floor(this.#parts.clock.now() / 1000);
    return {
      token: 'deprecated',
      team_id: TEAM.id,
      api_app_id: APP_ID,
      event: { ...event, event_ts: `${seconds}.000100` },
      type: 'event_callback',
      event_id: `Ev${String(++this.#count).padStart(9, '0')}`,
      event_time: seconds,
      authorizations: [{ enterprise_id: null, team_id: TEAM.id, user_id: 'U0SANDBOX', is_bot: true }],
    };
  }

  #post(body: object): Promise<WebhookReply | null> {
    const { app, webhooks, clock } = this.#parts;
    return webhooks.post('slack', signEvent(body, app.signingSecret, clock.now()));
  }
}

/** An event as Slack posts it; a text is posted as it is. `at` in epoch ms. */
export function signEvent(event: object | string, signingSecret: string, at: number): WebhookPost {
  const body = typeof event === 'string' ? event : JSON.stringify(event);
  const timestamp = String(Math.floor(at / 1000));
  const digest = createHmac('sha256', signingSecret).update(`v0:${timestamp}:${body}`).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'x-slack-request-timestamp': timestamp,
    'x-slack-signature': `v0=${digest}`,
  };
  return { headers, body };
}
