import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { exportJWK, type JWTPayload, SignJWT } from 'jose';
import type { Clock } from '../model/clock.ts';

/** Who signs what Teams posts to bots. */
export interface BotSigner {
  /** The JSON web keys of today, each with the channels it may speak for. */
  keys(): Promise<{ readonly keys: readonly object[] }>;
  /** A token for a bot, five minutes long; `claims` replace the usual ones, and null leaves one out. */
  sign(appId: string, serviceUrl: string, forged?: Forged): Promise<string>;
  /** From now on new keys sign, and only they are published. */
  rotate(): void;
  reset(): void;
}

export interface Forged {
  readonly claims?: Readonly<Record<string, unknown>>;
  /** By the key that speaks for another channel. */
  readonly unendorsed?: boolean;
  /** By a key that nobody published, under this name. */
  readonly kid?: string;
}

export const BOT_ISSUER = 'https://api.botframework.com';
const LIFETIME_S = 300;

/** Making keys takes longer than all the rest of a start, so they are made when first needed, once a process. */
const generated = new Map<number, Promise<KeyObject>>();

function keyNumber(index: number): Promise<KeyObject> {
  const known = generated.get(index);
  if (known !== undefined) return known;
  const made = promisify(generateKeyPair)('rsa', { modulusLength: 2048 }).then(({ privateKey }) => privateKey);
  generated.set(index, made);
  return made;
}

const STRANGER = -1;

export function openBotSigner(clock: Clock): BotSigner {
  let generation = 0;
  const endorsed = () => generation * 2;

  async function keys() {
    const published = [
      [endorsed(), ['msteams', 'directline']],
      [endorsed() + 1, ['webchat']],
    ] as const;
    return {
      keys: await Promise.all(
        published.map(async ([index, endorsements]) => ({
          ...(await exportJWK(createPublicKey(await keyNumber(index)))),
          kid: kidOf(index),
          use: 'sig',
          endorsements,
        })),
      ),
    };
  }

  async function sign(appId: string, serviceUrl: string, { claims = {}, unendorsed = false, kid }: Forged = {}) {
    const index = endorsed() + (unendorsed ? 1 : 0);
    const now = Math.floor(clock.now() / 1000);
    const usual = { iss: BOT_ISSUER, aud: appId, nbf: now, exp: now + LIFETIME_S, serviceurl: serviceUrl };
    const given = Object.entries({ ...usual, ...claims }).filter(([, value]) => value !== null);
    const payload: JWTPayload = Object.fromEntries(given);
    const key = await keyNumber(kid === undefined ? index : STRANGER);
    return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: kid ?? kidOf(index) }).sign(key);
  }

  return {
    keys,
    sign,
    rotate: () => {
      generation++;
    },
    reset: () => {
      generation = 0;
    },
  };
}

const kidOf = (index: number): string => `sandbox-bot-${index}`;
