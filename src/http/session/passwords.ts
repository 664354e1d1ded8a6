import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { Fault } from '../faults.ts';

/** What OWASP advises for scrypt where memory is dear: 32 MB a time, on a thread of Node's pool. */
const COST = { N: 2 ** 15, r: 8, p: 3 } as const;
const MAX_MEMORY = 64 * 1024 * 1024;
const KEY_BYTES = 32;
/** So many at once: the pool's other threads look up names and read files meanwhile. */
const AT_ONCE = 2;
const MAX_WAITING = 30;

export const MIN_PASSWORD_CHARS = 12;
export const MAX_PASSWORD_CHARS = 256;

/** `scrypt$N$r$p$salt$key`, salt and key as base64url: what is kept says how it was made, so costs can rise. */
export class Passwords {
  readonly #waiting: (() => void)[] = [];
  /** To compare with where there is no account, so that nobody can tell by the time it takes. */
  readonly #nobodys = format(randomBytes(16), randomBytes(KEY_BYTES));
  #running = 0;

  async hash(password: string): Promise<string> {
    const salt = randomBytes(16);
    return format(salt, await this.#derive(password, salt, COST));
  }

  /** Takes its time also where there is nothing to compare with. */
  async matches(password: string, kept: string | null): Promise<boolean> {
    const [, N, r, p, salt = '', key = ''] = (kept ?? this.#nobodys).split('$');
    const cost = { N: Number(N), r: Number(r), p: Number(p) };
    const derived = await this.#derive(password, Buffer.from(salt, 'base64url'), cost);
    return timingSafeEqual(derived, Buffer.from(key, 'base64url')) && kept !== null;
  }

  async #derive(password: string, salt: Buffer, cost: ScryptOptions): Promise<Buffer> {
    await this.#takeTurn();
    try {
      // The same characters typed on another keyboard are the same password (RFC 8265).
      return await derive(password.normalize('NFC'), salt, { ...cost, maxmem: MAX_MEMORY });
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #takeTurn(): Promise<void> {
    if (this.#waiting.length >= MAX_WAITING) throw new Fault('overloaded', null, { 'retry-after': '2' });
    if (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
  }
}

const format = (salt: Buffer, key: Buffer): string =>
  ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join('$');

const derive = (password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    scrypt(password, salt, KEY_BYTES, options, (error, key) => (error === null ? resolve(key) : reject(error))),
  );

/** Long is what makes one good; what is known of its owner makes it bad. */
export function assertGoodPassword(password: string, known: readonly string[]): void {
  const isKnown = known.some((text) => text !== '' && text.toLowerCase() === password.toLowerCase());
  const isPoor = new Set(password).size < 5;
  const detail =
    [...password].length < MIN_PASSWORD_CHARS
      ? `it must have at least ${MIN_PASSWORD_CHARS} characters; a few words that do not belong together do`
      : isKnown || isPoor
        ? 'it is too easy to guess; a few words that do not belong together are better'
        : null;
  if (detail !== null) throw new Fault('password_weak', detail, {}, '/password');
}
