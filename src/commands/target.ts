import { type Command, Option } from 'commander';
import { type Client, createClient } from '../client/client.ts';
import type { App } from '../model/tenancy.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { addSettings, readCommandSettings } from './runtime.ts';
import { findApp } from './token.ts';

export interface TargetOptions {
  readonly url: string;
  readonly token?: string;
  readonly app?: string;
  readonly bot?: string;
}

/** A server and the bot to act for on it. */
export interface Target {
  readonly client: Client;
  readonly botId: string;
}

/** Adds the flags that say which server, as whom and for which bot. */
export function addTarget(command: Command): Command {
  const env = (flags: string, help: string, name: string) =>
    new Option(flags, `${help} (${name})`).env(name).hideHelp(false);
  command
    .addOption(env('--url <url>', 'the server', 'BECKON_URL').default('http://127.0.0.1:8080'))
    .addOption(env('--token <jwt>', 'the token to show; or let --app make one', 'BECKON_TOKEN'))
    .addOption(env('--app <clientId>', 'make a token for this app of the configuration', 'BECKON_APP'))
    .addOption(env('--bot <botId>', "the bot; default: the app's only one", 'BECKON_BOT'));
  return addSettings(command, ['config', 'platformKey']);
}

export async function openTarget(command: Command, options: TargetOptions): Promise<Target> {
  const { client, app } = await openClient(command, options);
  return { client, botId: requireBot(options, app) };
}

/** For calls that are of no one bot. `app` null: the token was given. */
export async function openClient(
  command: Command,
  options: TargetOptions,
): Promise<{ readonly client: Client; readonly app: App | null }> {
  if (options.token !== undefined) {
    return { client: createClient({ url: options.url, token: options.token }), app: null };
  }
  if (options.app === undefined) {
    throw new CommandFailure(
      'Who is calling? Give --token <jwt>, or --app <clientId> with --config <file>.',
      EXIT.usage,
    );
  }
  const settings = readCommandSettings(command);
  const [app, { mintToken }] = await Promise.all([findApp(settings.config, options.app), import('./mint.ts')]);
  const mint = { app, subject: 'beckon-cli', lifeSeconds: TOKEN_SECONDS, once: false, privateKey: null };
  const token = () => mintToken({ ...mint, platformKey: settings.platformKey, now: Date.now() });
  return { client: createClient({ url: options.url, token }), app };
}

/** A fresh token is made for every call, so it need not last. */
const TOKEN_SECONDS = 300;

function requireBot({ bot }: TargetOptions, app: App | null): string {
  const [only, second] = app?.bots ?? [];
  const botId = bot ?? (second === undefined ? only : undefined);
  if (botId !== undefined) return botId;
  throw new CommandFailure('Which bot? Give --bot <botId>, st-….', EXIT.usage);
}
