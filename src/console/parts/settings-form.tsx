import { Switch, TextArea, TextField } from '@radix-ui/themes';
import type { Json, JsonObject } from '../../model/json.ts';
import { isJsonObject } from '../../model/json.ts';
import { Field } from './field.tsx';

/** A setting as its JSON Schema describes it. */
export interface Setting {
  readonly key: string;
  readonly kind: 'text' | 'long' | 'number' | 'flag' | 'choice' | 'json';
  readonly label: string;
  readonly hint: string;
  readonly isSecret: boolean;
  readonly isRequired: boolean;
  readonly choices: readonly string[];
  /** What it is when nothing is entered. */
  readonly fallback: Json;
}

/** What is entered: texts as they stand in the fields. */
export type Entered = Readonly<Record<string, string>>;

/** The settings of an object schema, those that are required first. */
export function settingsOf(schema: JsonObject): readonly Setting[] {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const settings = Object.entries(properties).map(([key, value]) => {
    const property = isJsonObject(value) ? value : {};
    // A default makes a setting one that need not be said.
    const isRequired = required.includes(key) && !('default' in property);
    return { ...read(key, property), isRequired };
  });
  return [...settings.filter(({ isRequired }) => isRequired), ...settings.filter(({ isRequired }) => !isRequired)];
}

function read(key: string, property: JsonObject): Omit<Setting, 'isRequired'> {
  const choices = Array.isArray(property['enum']) ? property['enum'].map(String) : [];
  return {
    key,
    kind: kindOf(property, choices),
    label: labelOf(key),
    hint: typeof property['description'] === 'string' ? property['description'] : '',
    isSecret: property['secret'] === true,
    choices,
    fallback: property['default'] ?? null,
  };
}

function kindOf({ type, pattern }: JsonObject, choices: readonly string[]): Setting['kind'] {
  if (choices.length > 0) return 'choice';
  if (type === 'boolean') return 'flag';
  if (type === 'integer' || type === 'number') return 'number';
  if (type === 'object' || type === 'array') return 'json';
  return typeof pattern === 'string' && pattern.includes('-----BEGIN') ? 'long' : 'text';
}

const ABBREVIATIONS: Readonly<Record<string, string>> = {
  url: 'URL',
  id: 'ID',
  sid: 'SID',
  api: 'API',
  ttl: 'TTL',
  dkim: 'DKIM',
};

/** `phoneNumberId` reads `Phone number ID`. */
function labelOf(key: string): string {
  const words = key
    .replaceAll(/([A-Z])/g, ' $1')
    .toLowerCase()
    .split(' ');
  const text = words.map((word) => ABBREVIATIONS[word] ?? word).join(' ');
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** What stands in the fields for settings as they are; a secret is never known, and its field stays empty. */
export function enteredOf(settings: readonly Setting[], known: JsonObject): Entered {
  const given = settings.flatMap(({ key, isSecret, kind }): [string, string][] => {
    const value = known[key];
    if (value === undefined || isSecret) return [];
    return [[key, kind === 'json' ? JSON.stringify(value, null, 2) : String(value)]];
  });
  return Object.fromEntries(given);
}

/** What was entered as the server takes it. What is empty is not said; a secret that is empty stays as it is. */
export function settingsFrom(settings: readonly Setting[], entered: Entered): JsonObject {
  const given = settings.flatMap(({ key, kind }): [string, Json][] => {
    const text = entered[key] ?? '';
    if (text.trim() === '') return [];
    if (kind === 'number') return [[key, Number(text)]];
    if (kind === 'flag') return [[key, text === 'true']];
    if (kind === 'json') return [[key, parse(text)]];
    return [[key, kind === 'long' ? text : text.trim()]];
  });
  return Object.fromEntries(given);
}

/** What is no JSON goes as it is: the server says what it should be. */
function parse(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

interface SettingFieldProps {
  readonly setting: Setting;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** A secret that is there already need not be entered again. */
  readonly isKept: boolean;
  readonly error: string | null;
}

export function SettingField({ setting, value, onChange, isKept, error }: SettingFieldProps) {
  const { kind, label, hint, isSecret, isRequired, choices, fallback } = setting;
  const isNeeded = isRequired && !(isSecret && isKept);
  const placeholder = isSecret && isKept ? 'Unchanged; enter another to replace it' : placeholderOf(fallback);
  return (
    <Field label={label} hint={hint} error={error} optional={!isNeeded}>
      {(tie) => {
        if (kind === 'flag')
          return (
            <Switch
              {...tie}
              checked={(value || String(fallback)) === 'true'}
              onCheckedChange={(on) => onChange(String(on))}
            />
          );
        if (kind === 'choice')
          return (
            <select
              {...tie}
              className="select"
              required={isNeeded}
              value={value}
              onChange={(event) => onChange(event.target.value)}
            >
              <option value="">{fallback === null ? 'Choose' : `${fallback} (unless said otherwise)`}</option>
              {choices.map((choice) => (
                <option key={choice}>{choice}</option>
              ))}
            </select>
          );
        if (kind === 'long' || kind === 'json')
          return (
            <TextArea
              {...tie}
              rows={4}
              spellCheck={false}
              required={isNeeded}
              placeholder={placeholder}
              value={value}
              onChange={(event) => onChange(event.target.value)}
            />
          );
        return (
          <TextField.Root
            {...tie}
            type={isSecret ? 'password' : kind === 'number' ? 'number' : 'text'}
            autoComplete={isSecret ? 'new-password' : 'off'}
            spellCheck={false}
            required={isNeeded}
            placeholder={placeholder}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        );
      }}
    </Field>
  );
}

const placeholderOf = (fallback: Json): string =>
  fallback === null ? '' : typeof fallback === 'object' ? JSON.stringify(fallback) : String(fallback);
