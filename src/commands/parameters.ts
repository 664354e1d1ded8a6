import { CommandFailure, EXIT } from './exit.ts';

/** Reads `--param name=value`, each after the others. */
export function addParameter(
  given: string,
  others: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const at = given.indexOf('=');
  if (at > 0) return { ...others, [given.slice(0, at)]: given.slice(at + 1) };
  throw new CommandFailure(`--param ${given}: write it as name=value.`, EXIT.usage);
}
