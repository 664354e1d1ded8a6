import { decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose';
import type { Connection } from '../../model/tenancy.ts';
import type { ChannelTools } from '../contract.ts';
import { KeySet } from '../key-set.ts';
import type { GoogleChatSettings } from './settings.ts';

const CHAT = 'chat@system.gserviceaccount.com';
const CHAT_KEYS = `https://www.googleapis.com/service_accounts/v1/metadata/x509/${CHAT}`;
const GOOGLE_KEYS = 'https://www.googleapis.com/oauth2/v3/certs';
const GOOGLE_ISSUERS = ['https://accounts.google.com', 'accounts.google.com'];
const MAX_TOKEN_LENGTH = 8 * 1024;
const CLOCK_SKEW_S = 300;

/** Null: it is Google Chat. Otherwise why that is not sure, and whether it may be when asked again. */
export type Doubt = { readonly status: 401 | 403 | 503; readonly why: string } | null;

/**
 * Makes sure that Google Chat is calling. Which token it brings depends on what the app's configuration page has as
 * authentication audience: the project number, for which Chat signs by itself, or a URL, for which it has a Google ID token.
 */
export class Caller {
  readonly #audience: string | null;
  readonly #isProject: boolean;
  readonly #email: string;
  readonly #clock: ChannelTools['clock'];
  readonly #keys: KeySet;

  constructor(settings: GoogleChatSettings, { allowPrivateNetwork }: Connection, { outbound, clock }: ChannelTools) {
    const { audience, callerEmail = CHAT, keysUrl } = settings;
    this.#audience = audience ?? null;
    this.#isProject = /^\d+$/.test(audience ?? '');
    this.#email = callerEmail;
    this.#clock = clock;
    const url = keysUrl ?? (this.#isProject ? CHAT_KEYS : GOOGLE_KEYS);
    this.#keys = new KeySet(
      { url, leadsTo: 'keys', takesCertificates: true, allowPrivateNetwork },
      { outbound, clock },
    );
  }

  async doubt(authorization: string | string[] | undefined): Promise<Doubt> {
    if (this.#audience === null) return { status: 403, why: NO_AUDIENCE };
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(
      typeof authorization === 'string' ? authorization : '',
    )?.[1];
    if (token === undefined || token.length > MAX_TOKEN_LENGTH) return no('There is no bearer token.');
    const keyId = readKeyId(token);
    if (keyId === null) return no('The token is none that Google signs.');
    const found = await this.#keys.find(keyId);
    if (found === 'unavailable') return { status: 503, why: "Google's keys could not be fetched." };
    if (found === null) return no("The token is signed with a key that is not Google's.");
    try {
      const { payload } = await jwtVerify(token, found.key, {
        algorithms: ['RS256'],
        issuer: this.#isProject ? CHAT : GOOGLE_ISSUERS,
        audience: this.#audience,
        requiredClaims: ['exp'],
        clockTolerance: CLOCK_SKEW_S,
        currentDate: new Date(this.#clock.now()),
      });
      return this.#isProject || this.#isEmail(payload) ? null : no(`The token is not that of ${this.#email}.`);
    } catch (error) {
      return no(`The token was refused: ${error instanceof Error ? error.message.slice(0, 100) : ''}.`);
    }
  }

  #isEmail({ email, email_verified: isVerified }: JWTPayload): boolean {
    return email === this.#email && isVerified === true;
  }
}

const NO_AUDIENCE =
  'audience is not configured, so no event can be believed; copy the authentication audience of the Chat app.';

const no = (why: string): Doubt => ({ status: 401, why });

function readKeyId(token: string): string | null {
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    return alg === 'RS256' && typeof kid === 'string' ? kid : null;
  } catch {
    return null;
  }
}
