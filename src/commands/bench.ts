import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { CommandFailure, EXIT } from './exit.ts';

export function define(command: Command): void {
  command
    .description('Measures deliveries per second on this machine, beside a bare loop that makes the same calls.')
    .argument('[words...]', 'passed on to bench/main.ts')
    .allowUnknownOption()
    .addHelpText('after', '\nExample:\n  beckon bench')
    .action(async (words: readonly string[]) => {
      const main = new URL('../../bench/main.ts', import.meta.url);
      if (!existsSync(main)) {
        throw new CommandFailure(
          'The benchmarks are not part of this installation; clone the repository.',
          EXIT.failure,
        );
      }
      process.argv = [process.execPath, fileURLToPath(main), ...words];
      await import(main.href);
    });
}
