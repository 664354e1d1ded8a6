import { createECDH, type ECDH, hash } from 'node:crypto';

/** As a browser hands it to its page; the `toJSON()` of a `PushSubscription`. */
export interface PushSubscription {
  readonly endpoint: string;
  readonly expirationTime: null;
  readonly keys: { readonly p256dh: string; readonly auth: string };
}

/** A browser's side of a subscription: what decrypts its messages. */
export interface PushKeys {
  readonly pair: ECDH;
  readonly auth: Buffer;
}

/** Any name is a browser: its keys follow from the name, so nobody has to subscribe first. */
export function pushKeysOf(name: string): PushKeys {
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(hash('sha256', `sandbox push key of ${name}`, 'buffer'));
  return { pair, auth: hash('sha256', `sandbox push secret of ${name}`, 'buffer').subarray(0, 16) };
}

/** `url` is the simulator's, without a slash at its end. */
export function subscriptionAt(url: string, name: string): PushSubscription {
  const { pair, auth } = pushKeysOf(name);
  return {
    endpoint: `${url}/${encodeURIComponent(name)}`,
    expirationTime: null,
    keys: { p256dh: pair.getPublicKey('base64url'), auth: auth.toString('base64url') },
  };
}
