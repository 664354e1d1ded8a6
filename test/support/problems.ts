import assert from 'node:assert/strict';
import { isJsonObject, type JsonObject } from '../../src/model/json.ts';
import type { Reply } from './http-rig.ts';

export function documentOf(reply: Reply): JsonObject {
  assert.ok(isJsonObject(reply.json), reply.text);
  return reply.json;
}

export function assertProblem(reply: Reply, status: number, code: string, detail = /(?:)/): void {
  assert.deepEqual([reply.status, documentOf(reply)['code']], [status, code], reply.text);
  assert.match(String(documentOf(reply)['detail'] ?? ''), detail);
}
