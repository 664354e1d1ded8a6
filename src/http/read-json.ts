import { isUtf8 } from 'node:buffer';
import type { Json } from '../model/json.ts';
import { findJsonFault } from '../model/json-guard.ts';
import { Fault } from './faults.ts';

/** Parses a body as JSON that is safe to walk, store and send on, or ends the request with the reason. */
export function readJson(body: Buffer | null): Json {
  if (body === null || body.length === 0) throw new Fault('body_invalid', 'the body is empty; send a JSON object');
  if (!isUtf8(body)) throw new Fault('body_invalid', 'the body is not valid UTF-8');
  const value = parse(body.toString('utf8'));
  const fault = findJsonFault(value);
  if (fault !== null) throw new Fault('body_invalid', fault);
  return value;
}

function parse(text: string): Json {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Fault('body_invalid', `the body is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}
