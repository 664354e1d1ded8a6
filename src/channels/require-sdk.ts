import { createRequire } from 'node:module';

/** Loads a provider's SDK with its first connection: each is megabytes that not every installation needs. */
export const requireSdk = createRequire(import.meta.url);
