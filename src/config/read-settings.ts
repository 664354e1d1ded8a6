import { ConfigurationError } from './faults.ts';
import { envOf, flagOf, type Parsed, type Setting } from './setting.ts';
import { SETTING_KEYS, SETTINGS, type SettingKey, type Settings } from './settings.ts';

export interface SettingSources {
  /** By flag, as typed: `--port`. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The text of a file, or one sentence on why it cannot be had; `isKey` when other users must not be able to read it. */
  readonly readSecretFile: (path: string, isKey: boolean) => Parsed<string>;
}

/** A flag beats the environment, the environment beats the default. Throws `ConfigurationError` with every fault. */
export function readSettings(sources: SettingSources): Settings {
  const faults: string[] = [];
  const entries = SETTING_KEYS.map((key) => {
    const parsed = readSetting(key, SETTINGS[key], sources);
    if ('fault' in parsed) faults.push(parsed.fault);
    return [key, 'value' in parsed ? parsed.value : null];
  });
  if (faults.length > 0) throw new ConfigurationError(faults);
  // Each value came from the parser of its own key, which the type of a list of entries cannot say.
  return Object.fromEntries(entries) as Settings;
}

/** Variables that hold a secret of these settings: to be removed from the environment once they were read. */
export function secretSettingEnvNames(): string[] {
  return SETTING_KEYS.filter((key) => SETTINGS[key].secret).map(envOf);
}

function readSetting(key: SettingKey, setting: Setting<unknown>, sources: SettingSources): Parsed<unknown> {
  const given = findText(key, setting, sources);
  if (given === null) return { value: setting.fallback };
  if ('fault' in given.text) return { fault: `${given.source}: ${given.text.fault}` };
  const parsed = setting.parse(given.text.value);
  return 'fault' in parsed ? { fault: `${given.source}: ${parsed.fault}` } : parsed;
}

interface Given {
  /** The flag or the variable, for the fault. */
  readonly source: string;
  readonly text: Parsed<string>;
}

function findText(key: SettingKey, setting: Setting<unknown>, sources: SettingSources): Given | null {
  const flag = flagOf(key, setting);
  const typed = sources.flags[flag];
  if (typed !== undefined)
    return { source: flag, text: setting.secret ? sources.readSecretFile(typed, true) : { value: typed } };
  return findInEnvironment(envOf(key), setting, sources);
}

function findInEnvironment(name: string, setting: Setting<unknown>, sources: SettingSources): Given | null {
  const text = sources.env[name] || null;
  const path = setting.fileTwin && sources.env[`${name}_FILE`];
  if (text !== null && path)
    return { source: name, text: { fault: `is set, and so is ${name}_FILE; keep one of them.` } };
  if (path) return { source: `${name}_FILE`, text: sources.readSecretFile(path, setting.secret) };
  return text === null ? null : { source: name, text: { value: text } };
}
