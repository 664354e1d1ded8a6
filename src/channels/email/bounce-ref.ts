import { createHmac, timingSafeEqual } from 'node:crypto';
import { parseRecipientRef, recipientRef } from '../../model/ids.ts';

export interface Recipient {
  readonly notificationId: string;
  readonly seq: number;
}

const PROOF_BITS = 35n;
const PROOF_LENGTH = 7;
const SIGNED = /(ds-[0-9a-f-]{36}\.\d{1,9})\.([0-9a-v]{7})(?![0-9a-z])/;

/**
 * What `{ref}` stands for in the sender of an envelope: the recipient and proof that a mail for it went to `address`.
 * Bounces are mail that anybody can write; with it one can bounce one's own mail and nobody else's. A local part has 64
 * letters, so the proof is short: guessing it would take some ten thousand million mails.
 */
export function signRef({ notificationId, seq }: Recipient, address: string, secret: string): string {
  const ref = recipientRef(notificationId, seq);
  return `${ref}.${proofOf(ref, address, secret)}`;
}

/** A ref found in some text, not yet believed. */
export interface FoundRef extends Recipient {
  /** Was it written for a mail to this address? */
  isFor(address: string): boolean;
}

export function findRef(text: string, secret: string): FoundRef | null {
  const [, ref = '', proof = ''] = SIGNED.exec(text.toLowerCase()) ?? [];
  const recipient = parseRecipientRef(ref);
  if (recipient === null) return null;
  const isFor = (address: string) => timingSafeEqual(Buffer.from(proof), Buffer.from(proofOf(ref, address, secret)));
  return { ...recipient, isFor };
}

function proofOf(ref: string, address: string, secret: string): string {
  const digest = createHmac('sha256', secret).update(`bounce\n${ref}\n${address.toLowerCase()}`).digest();
  const bits = digest.readBigUInt64BE() >> (64n - PROOF_BITS);
  return bits.toString(32).padStart(PROOF_LENGTH, '0');
}
