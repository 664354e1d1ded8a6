/** A value, or one sentence on why the text is refused; the sentence never repeats the text of a secret. */
export type Parsed<T> = { readonly value: T } | { readonly fault: string };

/** One thing an operator can set for a process: by flag, by environment variable, or left at its default. */
export interface Setting<T> {
  readonly help: string;
  /** What stands for the value in `--help`. */
  readonly placeholder: string;
  readonly fallback: T;
  /** Never printed. It has no flag of its own, only `--…-file`: arguments are visible to every user of a machine. */
  readonly secret: boolean;
  /** `BECKON_…_FILE` may name a file that holds the value. */
  readonly fileTwin: boolean;
  parse(text: string): Parsed<T>;
  print(value: T): string;
}

interface Plain<T> {
  readonly help: string;
  readonly placeholder: string;
  readonly fallback: T;
  readonly parse: (text: string) => Parsed<T>;
  readonly print?: (value: T) => string;
  readonly fileTwin?: boolean;
}

export function plain<T>(setting: Plain<T>): Setting<T> {
  return { print: String, fileTwin: false, ...setting, secret: false };
}

export function secret<T>(setting: Omit<Plain<T | null>, 'print' | 'fallback' | 'fileTwin'>): Setting<T | null> {
  const print = (value: T | null) => (value === null ? '(not set)' : '***');
  return { ...setting, fallback: null, secret: true, fileTwin: true, print };
}

/** `logLevel` → `--log-level`; of a secret, `--log-level-file`. */
export function flagOf(key: string, setting: Pick<Setting<unknown>, 'secret'>): string {
  return `--${splitWords(key).join('-')}${setting.secret ? '-file' : ''}`;
}

/** `logLevel` → `BECKON_LOG_LEVEL`. */
export function envOf(key: string): string {
  return `BECKON_${splitWords(key).join('_').toUpperCase()}`;
}

function splitWords(key: string): string[] {
  return key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).split(' ');
}
