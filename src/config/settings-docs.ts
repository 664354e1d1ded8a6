import { envOf, flagOf, type Setting } from './setting.ts';
import { SETTING_KEYS, SETTINGS, type SettingKey, type Settings } from './settings.ts';

/** The settings as `NAME=value` lines, ready for an env file; secrets read `***`. */
export function describeSettings(settings: Settings): string {
  return SETTING_KEYS.map((key) => `${envOf(key)}=${printValue(key, settings[key])}`).join('\n');
}

/** The reference table of the documentation, in Markdown. */
export function settingsTable(): string {
  const rows = SETTING_KEYS.map((key) => {
    const setting: Setting<unknown> = SETTINGS[key];
    const twins = setting.fileTwin ? `\`${envOf(key)}\`, \`${envOf(key)}_FILE\`` : `\`${envOf(key)}\``;
    return `| \`${flagOf(key, setting)}\` | ${twins} | ${printDefault(setting)} | ${setting.help} |`;
  });
  return ['| flag | environment | default | what it is |', '| --- | --- | --- | --- |', ...rows, ''].join('\n');
}

function printDefault(setting: Setting<unknown>): string {
  return setting.fallback === null ? '–' : `\`${setting.print(setting.fallback)}\``;
}

function printValue(key: SettingKey, value: unknown): string {
  const setting: Setting<unknown> = SETTINGS[key];
  return setting.print(value);
}
