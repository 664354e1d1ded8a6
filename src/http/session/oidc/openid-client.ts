import { requireSdk } from '../../../channels/require-sdk.ts';

/** `fetch`, as the library calls it. */
export type Fetch = (
  url: string,
  options: {
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
    readonly signal?: AbortSignal;
  },
) => Promise<Response>;

/** A provider whose metadata is known. */
export interface Configuration {
  serverMetadata(): { readonly issuer: string; readonly userinfo_endpoint?: string };
}

type Extension = (configuration: Configuration) => void;

/** What of `openid-client` is used here. */
interface OpenIdClient {
  readonly customFetch: symbol;
  readonly clockTolerance: symbol;
  readonly allowInsecureRequests: Extension;
  /** Has the signature of tokens checked also where TLS says already whose they are. */
  readonly enableNonRepudiationChecks: Extension;
  ClientSecretPost(secret: string): unknown;
  ClientSecretBasic(secret: string): unknown;
  /** `timeout` in seconds. */
  discovery(
    issuer: URL,
    clientId: string,
    metadata: object,
    auth: unknown,
    options: { readonly timeout: number; readonly execute: readonly Extension[]; readonly [key: symbol]: Fetch },
  ): Promise<Configuration>;
  randomState(): string;
  randomNonce(): string;
  randomPKCECodeVerifier(): string;
  calculatePKCECodeChallenge(verifier: string): Promise<string>;
  buildAuthorizationUrl(configuration: Configuration, parameters: Readonly<Record<string, string>>): URL;
  /** Rejects for an answer that fails any check of OpenID Connect Core 3.1.2.7 and 3.1.3.7. */
  authorizationCodeGrant(
    configuration: Configuration,
    answer: URL,
    checks: {
      readonly pkceCodeVerifier: string;
      readonly expectedState: string;
      readonly expectedNonce: string;
      readonly idTokenExpected: true;
    },
  ): Promise<{ readonly access_token: string; claims(): unknown }>;
  fetchUserInfo(configuration: Configuration, accessToken: string, subject: string): Promise<unknown>;
}

/** Loaded with the first sign-in elsewhere: most installations have none. */
export const loadOpenIdClient = (): OpenIdClient => requireSdk('openid-client');
