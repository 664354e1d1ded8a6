import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Clock } from '../../model/clock.ts';
import { ExpiringCache } from '../expiring-cache.ts';
import type { WebpushSettings } from './settings.ts';

const HOUR_MS = 3_600_000;
/** Push services refuse tokens that are good for more than 24 hours. */
const LIFETIME_MS = 18 * HOUR_MS;
const REUSE_MS = 12 * HOUR_MS;
const REMEMBERED_ORIGINS = 1_000;

/** Tells push services who sends. Signing costs half as much as encrypting, so one token serves an origin for 12 hours. */
export class Vapid {
  readonly #key: KeyObject;
  readonly #publicKey: string;
  readonly #subject: string;
  readonly #clock: Clock;
  readonly #headers: ExpiringCache<string>;

  constructor(key: KeyObject, { vapidPublicKey, subject }: WebpushSettings, clock: Clock) {
    this.#key = key;
    this.#publicKey = vapidPublicKey;
    this.#subject = subject;
    this.#clock = clock;
    this.#headers = new ExpiringCache(REMEMBERED_ORIGINS, clock);
  }

  /** The Authorization header for a push service. */
  async authorize(origin: string): Promise<string> {
    const known = this.#headers.get(origin);
    if (known !== undefined) return known;
    const token = await new SignJWT()
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT' })
      .setAudience(origin)
      .setExpirationTime(Math.floor((this.#clock.now() + LIFETIME_MS) / 1000))
      .setSubject(this.#subject)
      .sign(this.#key);
    const header = `vapid t=${token}, k=${this.#publicKey}`;
    this.#headers.set(origin, header, REUSE_MS);
    return header;
  }

  /** It was refused: the next one is made anew, for a clock may have been set or the machine asleep. */
  forget(origin: string): void {
    this.#headers.delete(origin);
  }
}

/** Null when the two keys are no pair. */
export function readVapidKey({ vapidPublicKey, vapidPrivateKey }: WebpushSettings): KeyObject | null {
  const pair = createECDH('prime256v1');
  try {
    pair.setPrivateKey(vapidPrivateKey, 'base64url');
  } catch {
    return null;
  }
  const point = pair.getPublicKey();
  if (point.toString('base64url') !== vapidPublicKey) return null;
  const x = point.toString('base64url', 1, 33);
  const y = point.toString('base64url', 33);
  return createPrivateKey({ key: { kty: 'EC', crv: 'P-256', d: vapidPrivateKey, x, y }, format: 'jwk' });
}
