import { fileURLToPath } from 'node:url';

/* What the files of one `npm test` share (`--test-global-setup`); one that is run by itself does without. */

export function globalSetup(): void {
  // Where the program itself keeps it, so that what a server has compiled, a test need not, and the other way round.
  process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('../node_modules/.cache/beckon', import.meta.url));
}
