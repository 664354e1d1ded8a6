import { hash } from 'node:crypto';
import { compactVerify } from 'jose';
import type { App } from '../../model/tenancy.ts';
import { verificationKey } from './keys.ts';
import { UnprovenToken } from './unproven-token.ts';

/** Of one app. A token serves many calls, but for those with a `jti`, which come once each. */
const MAX_KNOWN = 1_000;

/**
 * Digests of tokens that this app's key has signed. Whether it has can never change, so it is not worked out for every
 * call; an app whose key is replaced is another `App`, which knows none. Everything else about a token (times, replay,
 * the app, its scopes and bots) is asked at every call. Digests, so that no memory dump is a bunch of keys.
 */
const known = new WeakMap<App, Set<string>>();

/** Rejects with a `Fault` unless the app has signed the token, in the app's one algorithm. */
export async function checkSignature(token: string, app: App): Promise<void> {
  const digests = digestsOf(app);
  const digest = hash('sha256', token, 'base64');
  if (digests.has(digest)) return;
  await verify(token, app);
  if (digests.size >= MAX_KNOWN) digests.clear();
  digests.add(digest);
}

function digestsOf(app: App): Set<string> {
  const found = known.get(app) ?? new Set();
  known.set(app, found);
  return found;
}

async function verify(token: string, app: App): Promise<void> {
  const key = verificationKey(app);
  try {
    await compactVerify(token, key, { algorithms: [app.algorithm] });
  } catch {
    throw new UnprovenToken(app.clientId);
  }
}
