import type { Json } from './json.ts';

/** Deeper JSON is refused: nothing a channel takes is deeper, and every walk over a payload may then recurse. */
export const MAX_JSON_DEPTH = 32;

/**
 * Why parsed JSON may not be stored or sent on: it is too deep, holds NUL or half a surrogate pair (databases and
 * providers refuse both), or names a key that reaches for prototypes. A sentence that begins with the path; null when
 * it is fine.
 */
export function findJsonFault(value: Json, path = ''): string | null {
  const fault = walk(value, 1);
  if (fault === null) return null;
  const place = fault.steps.reduceRight((text, step) => text + step, path).replace(/^\./, '');
  return place === '' ? fault.what : `${place}: ${fault.what}`;
}

/** What is wrong and where, innermost step first. */
interface JsonFault {
  readonly what: string;
  readonly steps: string[];
}

function walk(value: Json, depth: number): JsonFault | null {
  if (typeof value === 'string') return checkText(value);
  if (typeof value !== 'object' || value === null) return null;
  if (depth > MAX_JSON_DEPTH) return { what: `nested more than ${MAX_JSON_DEPTH} levels deep`, steps: [] };
  return Array.isArray(value) ? walkArray(value, depth) : walkObject(value, depth);
}

function walkArray(items: readonly Json[], depth: number): JsonFault | null {
  for (let i = 0; i < items.length; i++) {
    const fault = walk(items[i] ?? null, depth + 1);
    if (fault !== null) return under(`[${i}]`, fault);
  }
  return null;
}

function walkObject(object: { readonly [key: string]: Json }, depth: number): JsonFault | null {
  for (const key of Object.keys(object)) {
    const fault = checkKey(key, object) ?? walk(object[key] ?? null, depth + 1);
    if (fault !== null) return under(`.${showKey(key)}`, fault);
  }
  return null;
}

function checkText(text: string): JsonFault | null {
  if (text.includes('\0')) return { what: 'NUL characters are not allowed', steps: [] };
  if (!text.isWellFormed()) return { what: 'half of a surrogate pair is not allowed', steps: [] };
  return null;
}

function checkKey(key: string, object: { readonly [key: string]: Json }): JsonFault | null {
  if (key === '__proto__') return { what: 'this key is not allowed', steps: [] };
  if (key === 'constructor') {
    const value = object[key];
    const reaches = typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
    if (reaches) return { what: 'this key is not allowed', steps: [] };
  }
  return checkText(key);
}

function under(step: string, fault: JsonFault): JsonFault {
  fault.steps.push(step);
  return fault;
}

function showKey(key: string): string {
  return /^[\w$-]{1,64}$/.test(key) ? key : JSON.stringify(key.toWellFormed().slice(0, 64));
}
