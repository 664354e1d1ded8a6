import { BlockList } from 'node:net';
import { type Command, Option } from 'commander';
import type { ChannelCatalog } from '../config/connections.ts';
import type { LoadedConfig } from '../config/file.ts';
import { readGuardedText, readSecretText } from '../config/files.ts';
import { readSettings, secretSettingEnvNames } from '../config/read-settings.ts';
import { envOf, flagOf } from '../config/setting.ts';
import { SETTINGS, type SettingKey, type Settings } from '../config/settings.ts';

/** A command may have a flag of its own that is called as a setting is: operators have a role, and so have processes. */
const ofSettings = new WeakSet<Option>();

/** Adds the flags of settings to a command; their values stay text until `readCommandSettings`. */
export function addSettings(command: Command, keys: readonly SettingKey[]): Command {
  for (const key of keys) {
    const { placeholder, help, fallback } = SETTINGS[key];
    const hint = fallback === null ? '' : `; default ${fallback}`;
    const option = new Option(`${flagOf(key, SETTINGS[key])} <${placeholder}>`, `${help} (${envOf(key)}${hint})`);
    ofSettings.add(option);
    command.addOption(option);
  }
  return command;
}

/** The settings of this process out of the command's flags and the environment. Throws `ConfigurationError`. */
export function readCommandSettings(command: Command): Settings {
  const flags: Record<string, string | undefined> = {};
  for (const option of command.options) {
    const value: unknown = command.getOptionValue(option.attributeName());
    if (option.long && typeof value === 'string' && ofSettings.has(option)) flags[option.long] = value;
    if (option.negate && value === false) flags[option.long?.replace('--no-', '--') ?? ''] = 'off';
  }
  const settings = readSettings({
    flags,
    env: process.env,
    readSecretFile: (path, isKey) => (isKey ? readGuardedText(path) : readSecretText(path)),
  });
  forget(secretSettingEnvNames());
  return settings;
}

/** The configuration file with its connections checked by the channels themselves. Throws `ConfigurationError`. */
export async function loadCommandConfig(settings: Settings): Promise<LoadedConfig> {
  const [{ loadConfig }, channels] = await Promise.all([import('../config/file.ts'), loadCatalog()]);
  const canDecrypt = settings.platformKey !== null;
  const { config: path, publicUrl } = settings;
  const config = loadConfig({ path, channels, env: process.env, canDecrypt, publicUrl });
  forget(config.secretEnvNames);
  return config;
}

async function loadCatalog(): Promise<ChannelCatalog> {
  const [{ CHANNELS, findChannel }, guard] = await Promise.all([
    import('../channels/channels.ts'),
    import('../channels/guard.ts'),
  ]);
  const exempt = new BlockList();
  return {
    ids: CHANNELS.map((channel) => channel.id),
    find: findChannel,
    refuseUrl: (url, { allowPrivateNetwork }) => guard.refuseUrl(url, { allowPrivateNetwork, exempt }),
  };
}

/** Nothing this process starts, and no dump of its environment, shall hold a secret it has read already. */
function forget(names: readonly string[]): void {
  for (const name of names) delete process.env[name];
}
