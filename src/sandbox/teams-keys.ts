import type { BotSigner } from './bot-signer.ts';
import { BOT_ISSUER } from './bot-signer.ts';
import { type Call, json, type Plan, planAnswer } from './provider.ts';

const METADATA = '/v1/.well-known/openidconfiguration';
const KEYS = '/v1/.well-known/keys';

/** The OpenID metadata of whoever signs activities, and the keys; null for any other call. */
export function planKeys({ method, path, headers }: Call, signer: BotSigner): Plan | null {
  if (method !== 'GET') return null;
  if (path === KEYS) {
    return { route: 'keys', recipient: null, exclusive: null, run: async () => json(200, await signer.keys()) };
  }
  if (path !== METADATA) return null;
  const metadata = {
    issuer: BOT_ISSUER,
    jwks_uri: `http://${headers('host')}/teams${KEYS}`,
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
  };
  return planAnswer('openid', json(200, metadata));
}
