import { hash, randomBytes } from 'node:crypto';

/** 256 random bits, for whoever holds them: a session, or a link that is good once. */
export const makeToken = (): string => randomBytes(32).toString('base64url');

/** What is kept of a token: who reads the database cannot use it. A token cannot be guessed, so one fast hash is enough. */
export const hashToken = (token: string): string => hash('sha256', token);
