import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type CryptoKey, exportJWK, generateKeyPair } from 'jose';
import { type Configuration, Provider } from 'oidc-provider';
import { isJsonObject, type JsonObject } from '../../src/model/json.ts';
import type { OidcProvider } from '../../src/model/oidc.ts';
import { freePort } from './free-port.ts';

/** A real provider of OpenID Connect on a port of this machine, with a page on which anybody signs in by a name alone. */
export interface TestProvider {
  readonly issuer: string;
  /** What it says of people, by the name they sign in with, which is their subject. May be changed at any time. */
  readonly people: Map<string, JsonObject>;
  /** As Beckon is configured for it. */
  readonly configuration: OidcProvider;
  /** What it signs with; the key's name is `first`. */
  readonly key: CryptoKey;
  /** What becomes of each identity token on its way out; null: it is sent as it was made. May be changed at any time. */
  forge: ((token: string) => Promise<string>) | null;
  /** Not reached any more, until it is started again. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

const CLIENT = { client_id: 'beckon', client_secret: 'a secret that only the two of us know' };
/** What is registered beside Beckon, and must not be let in for it. */
export const OTHER_CLIENT_ID = 'intranet';

export async function startProvider(redirectUri: string): Promise<TestProvider> {
  const port = await freePort();
  // Another site than Beckon's, so that browsers treat the two as strangers.
  const issuer = `http://localhost:${port}`;
  const people = new Map<string, JsonObject>();
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const client = {
    ...CLIENT,
    redirect_uris: [redirectUri],
    post_logout_redirect_uris: [`${new URL(redirectUri).origin}/sign-in`],
    token_endpoint_auth_method: 'client_secret_post' as const,
  };
  const configuration: Configuration = {
    clients: [client, { ...client, client_id: OTHER_CLIENT_ID }],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'first', use: 'sig', alg: 'RS256' }] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    scopes: ['openid', 'profile', 'email', 'groups'],
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'], groups: ['groups'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/sign-in/${uid}` },
    ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 600, IdToken: 60, Interaction: 600, Session: 600 },
    findAccount: (_context, id) => {
      const claims = people.get(id);
      return claims && { accountId: id, claims: () => ({ sub: id, ...claims }) };
    },
    // Nobody is asked whether Beckon may know who they are.
    async loadExistingGrant({ oidc: { client: asking, session } }) {
      if (asking === undefined || session?.accountId === undefined) return undefined;
      const grant = new provider.Grant({ clientId: asking.clientId, accountId: session.accountId });
      grant.addOIDCScope('openid profile email groups');
      await grant.save();
      return grant;
    },
  };
  const provider = new Provider(issuer, configuration);
  provider.use(async (context, next) => {
    await next();
    const { body } = context;
    if (testProvider.forge === null || !isJsonObject(body) || typeof body['id_token'] !== 'string') return;
    context.body = { ...body, id_token: await testProvider.forge(body['id_token']) };
  });
  const standard = provider.callback();
  const answer = (request: IncomingMessage, response: ServerResponse) =>
    request.url?.startsWith('/sign-in/') ? showSignIn(provider, request, response) : standard(request, response);
  let server = createServer(answer);
  const start = async () => {
    server = createServer(answer);
    server.listen(port, 'localhost');
    await once(server, 'listening');
  };
  await start();
  const testProvider: TestProvider = {
    issuer,
    people,
    key: privateKey,
    forge: null,
    configuration: {
      id: 'staff',
      name: 'Staff directory',
      issuer,
      clientId: CLIENT.client_id,
      clientSecret: CLIENT.client_secret,
      clientAuth: 'post',
      scopes: ['openid', 'profile', 'email', 'groups'],
      allowPrivateNetwork: true,
      signOutThere: false,
      rules: [],
    },
    start,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return testProvider;
}

const FORM = `<!doctype html><html lang="en"><title>Staff directory</title><main><h1>Who are you?</h1>
<form method="post"><label>Name <input name="login" autofocus></label> <button>Continue</button>
<button name="deny" value="yes">No, thanks</button></form></main></html>`;

async function showSignIn(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST') {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(FORM);
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const form = new URLSearchParams(Buffer.concat(chunks).toString());
  const result = form.has('deny')
    ? { error: 'access_denied', error_description: 'They would rather not.' }
    : { login: { accountId: form.get('login') ?? '' } };
  await provider.interactionFinished(request, response, result);
}
