import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { exportJWK, SignJWT } from 'jose';
import type { Clock } from '../model/clock.ts';
import type { JsonObject } from '../model/json.ts';
import { googleSpaceId } from './ids.ts';
import type { People } from './people.ts';
import { type Answer, type Call, json, type Plan, type Provider, planAnswer } from './provider.ts';
import type { WebhookReply, Webhooks } from './webhooks.ts';

export const GOOGLE_EVENTS = ['added', 'message', 'removed'] as const;

/** Something a person does with the app in Google Chat. */
export interface GoogleEvent {
  readonly kind: (typeof GOOGLE_EVENTS)[number];
  /** `users/…` */
  readonly user: string;
  readonly email?: string;
  /** Where, if not in the person's direct message with the app. */
  readonly space?: string;
  /** In the words of an app that was built as a Workspace add-on. */
  readonly addOn?: boolean;
}

/** How a token differs from the one that Google would send. */
export interface ForgedGoogle {
  /** Another project number, or a URL. */
  readonly audience?: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Signed with a key that nobody published, under this name. */
  readonly kid?: string;
}

export interface GoogleEventsParts {
  readonly people: People;
  readonly webhooks: Webhooks;
  readonly clock: Clock;
}

/** The `audience` of the app, unless a token is asked for another. */
export const GOOGLE_PROJECT = '100000000000';

const CHAT = 'chat@system.gserviceaccount.com';
const LIFETIME_S = 3600;
const STRANGER = -1;

/** Google Chat as the one that speaks: it posts what people do, and publishes the keys it signs with. */
export class GoogleEvents implements Provider {
  readonly #parts: GoogleEventsParts;
  #generation = 0;

  constructor(parts: GoogleEventsParts) {
    this.#parts = parts;
  }

  plan(call: Call): Plan {
    if (call.method !== 'GET' || call.path !== '/certs') return planAnswer('unknown', this.refuse(404));
    return { route: 'certs', recipient: null, exclusive: null, run: async () => json(200, await this.#readKeys()) };
  }

  refuse(status: number): Answer {
    return json(status, { error: { code: status, message: `Status ${status}` } });
  }

  /** Lets it happen, and posts it. Null: nobody took it. */
  happen(event: GoogleEvent, forged?: ForgedGoogle): Promise<WebhookReply | null> {
    const { people } = this.#parts;
    const space = event.space ?? people.googlePerson(event.user).space ?? googleSpaceId(event.user);
    const isDirect = event.space === undefined;
    const state = event.kind === 'removed' ? 'removed' : 'member';
    people.change({ google: [{ ...(isDirect ? { space } : {}), match: isDirect ? event.user : space, state }] });
    return this.post(this.write(event), forged);
  }

  write(event: GoogleEvent): JsonObject {
    const { clock, people } = this.#parts;
    const { user: name, email, kind } = event;
    const direct = people.googlePerson(name).space ?? googleSpaceId(name);
    const space: JsonObject =
      event.space === undefined
        ? { name: direct, type: 'DM', spaceType: 'DIRECT_MESSAGE', singleUserBotDm: true }
        : { name: event.space, type: 'ROOM', spaceType: 'SPACE', displayName: 'A room' };
    const user = { name, displayName: name, type: 'HUMAN', ...(email === undefined ? {} : { email }) };
    const message = { name: `${space['name']}/messages/1.1`, sender: user, text: 'hello', space };
    const eventTime = new Date(clock.now()).toISOString();
    const [type, payloadName] = NAMES[kind];
    const payload = kind === 'message' ? { message, space } : { space };
    if (event.addOn === true) {
      return { commonEventObject: { hostApp: 'CHAT' }, chat: { user, eventTime, [payloadName]: payload } };
    }
    return { type, eventTime, user, ...payload };
  }

  async post(event: JsonObject, forged?: ForgedGoogle): Promise<WebhookReply | null> {
    const { webhooks } = this.#parts;
    const url = webhooks.urlOf('googlechat');
    if (url === null) return null;
    const authorization = `Bearer ${await this.sign({ audience: GOOGLE_PROJECT, ...forged })}`;
    const headers = { 'content-type': 'application/json', 'user-agent': 'Google-Dynamite', authorization };
    return webhooks.post('googlechat', { headers, body: JSON.stringify(event) });
  }

  /** For a project number Chat signs by itself; for a URL it has an ID token. A claim of null is left out. */
  async sign({ audience, claims = {}, kid }: ForgedGoogle & { readonly audience: string }): Promise<string> {
    const now = Math.floor(this.#parts.clock.now() / 1000);
    const usual = {
      ...(/^\d+$/.test(audience)
        ? { iss: CHAT }
        : { iss: 'https://accounts.google.com', azp: '1', sub: '1', email: CHAT, email_verified: true }),
      aud: audience,
      iat: now,
      exp: now + LIFETIME_S,
    };
    const given = Object.entries({ ...usual, ...claims }).filter(([, value]) => value !== null);
    const key = await keyNumber(kid === undefined ? this.#generation : STRANGER);
    return new SignJWT(Object.fromEntries(given))
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: kid ?? kidOf(this.#generation) })
      .sign(key);
  }

  /** From now on a new key signs, and only that is published. */
  rotate(): void {
    this.#generation++;
  }

  reset(): void {
    this.#generation = 0;
  }

  async #readKeys() {
    const jwk = await exportJWK(createPublicKey(await keyNumber(this.#generation)));
    return { keys: [{ ...jwk, kid: kidOf(this.#generation), alg: 'RS256', use: 'sig' }] };
  }
}

const NAMES: Readonly<Record<GoogleEvent['kind'], readonly [type: string, payload: string]>> = {
  added: ['ADDED_TO_SPACE', 'addedToSpacePayload'],
  message: ['MESSAGE', 'messagePayload'],
  removed: ['REMOVED_FROM_SPACE', 'removedFromSpacePayload'],
};

const kidOf = (generation: number): string => `sandbox-google-${generation}`;

/** Making keys takes longer than all the rest of a start, so they are made when first needed, once a process. */
const generated = new Map<number, Promise<KeyObject>>();

function keyNumber(index: number): Promise<KeyObject> {
  const known = generated.get(index);
  if (known !== undefined) return known;
  const made = promisify(generateKeyPair)('rsa', { modulusLength: 2048 }).then(({ privateKey }) => privateKey);
  generated.set(index, made);
  return made;
}
