import type { JsonObject } from '../model/json.ts';
import type { Tenancy } from '../model/tenancy.ts';

/** The configuration file after every check passed. */
export interface LoadedConfig {
  /** The file it came from. */
  readonly path: string;
  readonly tenancy: Tenancy;
  /** The file as it may be shown: defaults filled in, `***` for every secret. */
  readonly printable: JsonObject;
  /** Environment variables that held a secret; the process has no more use for them. */
  readonly secretEnvNames: readonly string[];
}
