import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../src/model/json.ts';
import { makeCalls } from './api/calls.ts';
import { fetchDocument, listOperations } from './support/api-document.ts';
import { startRig } from './support/http-rig.ts';
import { chooseSeed } from './support/seed.ts';

const CALLS = 600;

test('made-up calls, right, nearly right and hostile, are answered as the document says', async (t) => {
  const seed = chooseSeed();
  t.diagnostic(`BECKON_SEED=${seed}`);
  const rig = await startRig();
  t.after(() => rig.close());
  const { findings, seen } = await makeCalls(rig, { seed, calls: CALLS });
  assert.deepEqual(findings, []);
  const called = new Set(Object.keys(seen).map((each) => each.split(' ')[0]));
  const operations = listOperations(await fetchDocument(rig)).filter(({ tag }) => tag !== 'callbacks');
  assert.deepEqual(
    operations.map(({ id }) => id).filter((id) => !called.has(id)),
    [],
  );
});

/** What a document may have forgotten. */
const FORGOTTEN: Readonly<Record<string, (document: JsonObject) => JsonObject>> = {
  'a field of a reply': (document) => without(document, '"addresses":', '"places":'),
  'a status': (document) => without(document, '"404":', '"499":'),
  'a code': (document) => without(document, 'body_invalid: ', 'body_unfit: '),
  'a media type': (document) => without(document, '"application/problem+json":', '"application/problem":'),
};

for (const [what, forget] of Object.entries(FORGOTTEN)) {
  test(`a document that forgets ${what} is found out`, async (t) => {
    const rig = await startRig();
    t.after(() => rig.close());
    const { findings } = await makeCalls(rig, { seed: 1, calls: 200, forget });
    assert.notDeepEqual(findings, []);
  });
}

function without(document: JsonObject, key: string, another: string): JsonObject {
  const text = JSON.stringify(document);
  assert.ok(text.includes(key));
  return JSON.parse(text.replaceAll(key, another));
}
