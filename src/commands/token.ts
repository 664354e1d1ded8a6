import type { Command } from 'commander';
import { readGuardedText } from '../config/files.ts';
import type { App } from '../model/tenancy.ts';
import { parseDurationSeconds } from './duration.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { addSettings, readCommandSettings } from './runtime.ts';

interface TokenOptions {
  readonly app: string;
  readonly subject: string;
  readonly expires: string;
  readonly jti?: boolean;
  readonly privateKey?: string;
}

export function define(command: Command): void {
  addSettings(command, ['config', 'platformKey'])
    .description('Makes a token for an app of the configuration and prints it.')
    .requiredOption('--app <clientId>', 'the app, cs-…')
    .option('--subject <name>', 'who acts; it becomes createdBy of what is sent', 'beckon-cli')
    .option('--expires <duration>', 'how long it is good for: 90s, 15m, 1h, 30d', '1h')
    .option('--jti', 'make it good for one call only (at most 1h)')
    .option('--private-key <file>', 'the private key of an app that signs with RS256 or RS512')
    .addHelpText(
      'after',
      '\nExample:\n  curl -H "auth: $(beckon token --app cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9)" …',
    )
    .action(async (options: TokenOptions) => {
      process.stdout.write(`${await makeToken(command, options)}\n`);
    });
}

const JTI_LONGEST_SECONDS = 3_600;

async function makeToken(command: Command, options: TokenOptions): Promise<string> {
  const settings = readCommandSettings(command);
  const [app, { mintToken }] = await Promise.all([findApp(settings.config, options.app), import('./mint.ts')]);
  const lifeSeconds = parseDurationSeconds(options.expires, '--expires');
  if ((options.jti || app.enforceJti) && lifeSeconds > JTI_LONGEST_SECONDS) {
    throw new CommandFailure('--expires: a token that is good for one call lives at most 1h.', EXIT.usage);
  }
  return mintToken({
    app,
    lifeSeconds,
    subject: options.subject,
    once: options.jti === true,
    privateKey: options.privateKey === undefined ? null : readKeyFile(options.privateKey),
    platformKey: settings.platformKey,
    now: Date.now(),
  });
}

/** Rejects with the sentence for an app the file does not have. */
export async function findApp(path: string, clientId: string): Promise<App> {
  const { loadApp } = await import('../config/file.ts');
  const app = loadApp({ path, clientId, env: process.env });
  if (app !== null) return app;
  throw new CommandFailure(`--app: ${path} declares no app ${clientId}.`, EXIT.usage);
}

function readKeyFile(path: string): string {
  const text = readGuardedText(path);
  if ('fault' in text) throw new CommandFailure(`--private-key: ${text.fault}`, EXIT.usage);
  return text.value;
}
