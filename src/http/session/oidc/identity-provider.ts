import type { Configuration } from 'openid-client';
import type { Outbound } from '../../../channels/outbound.ts';
import type { Clock } from '../../../model/clock.ts';
import { isJsonObject, type JsonObject } from '../../../model/json.ts';
import type { OidcProvider } from '../../../model/oidc.ts';
import { guardedFetch, ProviderUnreachable } from './guarded-fetch.ts';
import { loadOpenIdClient } from './openid-client.ts';
import { RefusedSignIn } from './refused-sign-in.ts';

const FRESH_MS = 3_600_000;
const TIMEOUT_S = 10;
/** How far its clock may be from ours. */
const TOLERANCE_S = 30;

export interface IdentityProviderTools {
  readonly outbound: Outbound;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Where it sends people back to, as it was told. */
  readonly redirectUri: string;
  /** Where it sends people whom it signed out, as it was told. */
  readonly signedOutUri: string;
}

/** What only this browser's way there and back knows. */
export interface Secrets {
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE. */
  readonly verifier: string;
}

/** What the provider says of somebody, after every check of its token. */
export interface Claims extends JsonObject {
  readonly iss: string;
  readonly sub: string;
}

/** A provider of OpenID Connect: asked for its metadata when it is first needed, and then every hour. */
export class IdentityProvider {
  readonly about: OidcProvider;
  readonly #tools: IdentityProviderTools;
  #discovered: { readonly at: number; readonly configuration: Promise<Configuration> } | null = null;

  constructor(about: OidcProvider, tools: IdentityProviderTools) {
    this.about = about;
    this.#tools = tools;
  }

  /** Where to send a browser, and what has to be known again when it comes back. Rejects with `RefusedSignIn`. */
  async writeRequest(): Promise<{ readonly url: string; readonly secrets: Secrets }> {
    const oidc = loadOpenIdClient();
    const configuration = await this.#discover();
    const secrets = { state: oidc.randomState(), nonce: oidc.randomNonce(), verifier: oidc.randomPKCECodeVerifier() };
    const url = oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: this.#tools.redirectUri,
      scope: this.about.scopes.join(' '),
      state: secrets.state,
      nonce: secrets.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(secrets.verifier),
      code_challenge_method: 'S256',
    });
    return { url: url.href, secrets };
  }

  /** Who came back, by the query that they came with. Rejects with `RefusedSignIn`. */
  async readAnswer(query: string, { state, nonce, verifier }: Secrets): Promise<Claims> {
    const oidc = loadOpenIdClient();
    const configuration = await this.#discover();
    const answer = new URL(this.#tools.redirectUri);
    answer.search = query;
    try {
      const tokens = await oidc.authorizationCodeGrant(configuration, answer, {
        pkceCodeVerifier: verifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      });
      const claims: unknown = tokens.claims();
      if (!isClaims(claims)) throw new RefusedSignIn('failed', 'The token names nobody.');
      const asksMore = this.#wanted().some((name) => !Object.hasOwn(claims, name));
      if (!asksMore || configuration.serverMetadata().userinfo_endpoint === undefined) return claims;
      const more: unknown = await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub);
      return isJsonObject(more) ? mergeClaims(claims, more) : claims;
    } catch (error) {
      throw toRefusal(error);
    }
  }

  /**
   * Where to send a browser to be signed out there too; null: nowhere. It names nobody, for no token is kept, so the provider
   * asks them first or knows them by its own cookie. Rejects with `RefusedSignIn`.
   */
  async writeSignOut(): Promise<string | null> {
    if (!this.about.signOutThere) return null;
    const configuration = await this.#discover();
    if (configuration.serverMetadata().end_session_endpoint === undefined) return null;
    const parameters = { post_logout_redirect_uri: this.#tools.signedOutUri };
    return loadOpenIdClient().buildEndSessionUrl(configuration, parameters).href;
  }

  /** For whoever looks whether all is well. Rejects with `RefusedSignIn`, whose message says what is not. */
  async check(): Promise<void> {
    const { end_session_endpoint } = (await this.#discover()).serverMetadata();
    if (this.about.signOutThere && end_session_endpoint === undefined)
      throw new RefusedSignIn('failed', 'It has no page to sign out on (end_session_endpoint); remove signOutThere.');
  }

  #wanted(): string[] {
    return ['email', ...this.about.rules.map(({ claim }) => claim)];
  }

  #discover(): Promise<Configuration> {
    const { clock } = this.#tools;
    const known = this.#discovered;
    if (known !== null && clock.monotonic() - known.at < FRESH_MS) return known.configuration;
    const discovery = { at: clock.monotonic(), configuration: this.#askMetadata() };
    this.#discovered = discovery;
    // What failed is asked for again by whoever comes next.
    discovery.configuration.catch(() => {
      if (this.#discovered === discovery) this.#discovered = null;
    });
    return discovery.configuration;
  }

  async #askMetadata(): Promise<Configuration> {
    const { issuer, clientId, clientSecret, clientAuth, allowPrivateNetwork } = this.about;
    const oidc = loadOpenIdClient();
    const auth = clientAuth === 'basic' ? oidc.ClientSecretBasic : oidc.ClientSecretPost;
    const metadata = { [oidc.clockTolerance]: TOLERANCE_S };
    try {
      const configuration = await oidc.discovery(new URL(issuer), clientId, metadata, auth(clientSecret), {
        [oidc.customFetch]: guardedFetch({ outbound: this.#tools.outbound, allowPrivateNetwork }),
        timeout: TIMEOUT_S,
        execute: [oidc.enableNonRepudiationChecks, ...(issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : [])],
      });
      // The library lets some providers speak for others; who they are known by here is what was configured.
      const { issuer: said } = configuration.serverMetadata();
      if (URL.parse(said)?.href !== new URL(issuer).href)
        throw new RefusedSignIn('failed', `${issuer} names itself ${said.slice(0, 200)}; configure it by that name.`);
      return configuration;
    } catch (error) {
      throw toRefusal(error);
    }
  }
}

const isClaims = (value: unknown): value is Claims =>
  isJsonObject(value) && typeof value['iss'] === 'string' && typeof value['sub'] === 'string';

/** The token's own word counts; that an address was verified counts for that address only. */
function mergeClaims(claims: Claims, more: JsonObject): Claims {
  const { email_verified, ...rest } = more;
  const isOfSame = claims['email'] === undefined || claims['email'] === more['email'];
  return { ...rest, ...(isOfSame && email_verified !== undefined && { email_verified }), ...claims };
}

/** The words of the provider are not repeated: anybody can write into the address that people come back with. */
function toRefusal(error: unknown): RefusedSignIn {
  if (error instanceof RefusedSignIn) return error;
  const unreachable = findCause(error, ProviderUnreachable);
  if (unreachable !== null) return new RefusedSignIn('unavailable', unreachable.message);
  const { code, error: said } = error instanceof Error ? { code: undefined, error: undefined, ...error } : {};
  if (said === 'access_denied') return new RefusedSignIn('cancelled', 'The provider was told no.');
  if (said === 'temporarily_unavailable' || said === 'server_error' || code === 'OAUTH_TIMEOUT')
    return new RefusedSignIn('unavailable', 'The provider says that it cannot answer, or says nothing.');
  const names = [code, said].filter((name) => typeof name === 'string' && /^\w{1,60}$/.test(name));
  const why = findFault(error)?.message ?? 'no more is known';
  return new RefusedSignIn(
    'failed',
    `The provider's answer is not to be believed (${names.join(', ') || 'unknown'}): ${why}.`,
  );
}

/** What the library found wrong, where it began. Its sentences are fixed: they say which claim, and nothing that came. */
function findFault(error: unknown): Error | null {
  if (!(error instanceof Error)) return null;
  const deeper = findFault(error.cause);
  const isOfLibrary = 'code' in error && typeof error.code === 'string' && error.code.startsWith('OAUTH_');
  return deeper ?? (isOfLibrary ? error : null);
}

function findCause<Kind>(error: unknown, kind: new (...args: never[]) => Kind): Kind | null {
  if (error instanceof kind) return error;
  return error instanceof Error && error.cause !== undefined ? findCause(error.cause, kind) : null;
}
