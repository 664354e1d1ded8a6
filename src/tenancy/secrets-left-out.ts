import { isJsonObject, type JsonObject } from '../model/json.ts';

const HIDDEN = '***';

/**
 * What a caller gave, with the secrets of before where it has none or says `***`: nobody can send back what nobody is
 * shown. `shown` is what was before with its secrets hidden.
 */
export function keepSecrets(given: JsonObject, before: JsonObject, shown: JsonObject): JsonObject {
  const kept = { ...given };
  for (const [key, value] of Object.entries(shown)) {
    const [now, then] = [kept[key], before[key]];
    if (value === HIDDEN && then !== undefined && (now === undefined || now === HIDDEN)) kept[key] = then;
    else if (isJsonObject(value) && isJsonObject(now) && isJsonObject(then)) kept[key] = keepSecrets(now, then, value);
  }
  return kept;
}
