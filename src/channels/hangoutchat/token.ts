import { createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Clock } from '../../model/clock.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Rejected } from '../../model/outcome.ts';
import type { TokenRequest } from '../token-source.ts';
import type { GoogleChatSettings } from './settings.ts';

const SCOPE = 'https://www.googleapis.com/auth/chat.bot';
/** The longest Google allows. */
const ASSERTION_LIFETIME_S = 3600;
const SHORTEST_KEY_BITS = 2048;

/** How the service account's token is asked for: by an assertion signed with its key. */
export function requestAccountToken(settings: GoogleChatSettings, clock: Clock): TokenRequest {
  const key = readKey(settings.privateKey);
  return {
    url: settings.tokenUrl,
    async writeForm() {
      if (key === null) return UNUSABLE_KEY;
      const assertion = await signAssertion(settings, key, Math.floor(clock.now() / 1000));
      return new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
    },
    secrets: [settings.privateKey],
    readReasons,
  };
}

const UNUSABLE_KEY: Rejected = {
  kind: 'rejected',
  scope: 'connection',
  reason: 'connection_refused',
  detail: `privateKey is not a whole RSA private key of ${SHORTEST_KEY_BITS} bits or more in PEM form; copy private_key of the key file.`,
};

/** Null when it is no key that Google would take. A value copied out of JSON has `\n` where its lines end. */
function readKey(pem: string): KeyObject | null {
  try {
    const key = createPrivateKey(pem.replaceAll('\\n', '\n'));
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    return key.asymmetricKeyType === 'rsa' && bits >= SHORTEST_KEY_BITS ? key : null;
  } catch {
    return null;
  }
}

/** The audience is where it is sent, so that no other server could use it. */
function signAssertion(settings: GoogleChatSettings, key: KeyObject, issuedAtS: number): Promise<string> {
  const { clientEmail, privateKeyId, tokenUrl } = settings;
  return new SignJWT({ scope: SCOPE })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(privateKeyId === undefined ? {} : { kid: privateKeyId }) })
    .setIssuer(clientEmail)
    .setAudience(tokenUrl)
    .setIssuedAt(issuedAtS)
    .setExpirationTime(issuedAtS + ASSERTION_LIFETIME_S)
    .sign(key);
}

/** [what Google says, what to do about it] */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^Invalid JWT Signature/i, 'Invalid JWT Signature: privateKey is not a present key of clientEmail'],
  [/account not found/i, 'account not found: check clientEmail'],
  [/short-lived token/i, "not a short-lived token: check this machine's clock"],
  [/audience/i, 'failed audience check: check tokenUrl'],
];

function readReasons({ error_description: prose }: JsonObject): readonly string[] {
  return ADVICE.filter(([said]) => typeof prose === 'string' && said.test(prose)).map(([, advice]) => advice);
}
