import { hash } from 'node:crypto';
import type { Json, JsonObject } from '../../model/json.ts';

/** What a token says, which depends on nothing but its text. */
export interface Reading {
  readonly claims: JsonObject;
  readonly algorithm: Json | undefined;
}

const MAX_KEPT = 1_000;
/** Longer ones are read at every call: what is kept of them all must not be much. */
const MAX_CHARS = 1_024;

/**
 * What tokens say that were good once: a token serves many calls, and to take it apart strictly costs ten times what its
 * digest does. It vouches for nothing: signature, times, app, scopes and bots are asked about at every call. By digest, so
 * that no memory dump is a bunch of keys.
 */
const kept = new Map<string, Reading>();

export function recallReading(token: string): Reading | null {
  return token.length > MAX_CHARS ? null : (kept.get(digestOf(token)) ?? null);
}

/** Only of what has been proven and comes again, or whoever makes tokens up would push out those of others. */
export function keepReading(token: string, reading: Reading): void {
  if (token.length > MAX_CHARS) return;
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(digestOf(token), reading);
}

const digestOf = (token: string): string => hash('sha256', token, 'base64');
