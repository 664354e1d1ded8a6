import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import spectral, { type RulesetDefinition } from '@stoplight/spectral-core';
import { oas } from '@stoplight/spectral-rulesets';
import { FAULTS } from '../src/http/faults.ts';
import { writeDocument } from '../src/http/openapi/document.ts';
import type { JsonObject } from '../src/model/json.ts';
import { fetchDocument, listOperations } from './support/api-document.ts';
import { call, type Rig, startRig } from './support/http-rig.ts';

describe('GET /openapi.json', () => {
  let rig: Rig;
  let document: JsonObject;
  before(async () => {
    rig = await startRig();
    document = await fetchDocument(rig);
  });
  after(() => rig.close());

  const LINTERS = { redocly, spectral: withSpectral };
  for (const [name, lint] of Object.entries(LINTERS)) {
    it(`is clean to ${name}, which would see a flaw`, async () => {
      assert.deepEqual(await lint(document), []);
      assert.notDeepEqual(await lint(spoil(document)), []);
    });
  }

  it('names every operation once, says who may call it and what it answers', () => {
    const operations = listOperations(document);
    assert.ok(operations.length >= 20);
    assert.equal(new Set(operations.map(({ id }) => id)).size, operations.length);
    for (const { id, path, tag, scope, role, replies } of operations) {
      const isOfApps = path.startsWith('/api/') && !path.startsWith('/api/v1/session');
      assert.equal(scope !== null, isOfApps, `${id} ${scope}`);
      assert.equal(role !== null, isOfApps && tag !== 'kore', `${id} ${role}`);
      for (const [status, contents] of Object.entries(replies)) {
        const isRefusal = status >= '400' && !path.startsWith('/api/public');
        if (isRefusal) assert.ok('application/problem+json' in contents || path.startsWith('/channels/'), id);
      }
    }
  });

  it('tells what succeeds: with a 2xx, or with a 303 and where it leads', () => {
    for (const { id, replies, leadsTo } of listOperations(document)) {
      const statuses = Object.keys(replies);
      const succeeds = statuses.some((status) => status.startsWith('2'));
      assert.equal(leadsTo, succeeds ? null : 'string', id);
      assert.equal(statuses.includes('default'), !succeeds, `${id} leaves nothing open but what is no success`);
    }
  });

  it('refuses to be written when a route is described nowhere', async () => {
    const route = { method: 'GET', url: '/api/v1/secret', schema: undefined };
    await assert.rejects(writeDocument([route]), /GET \/api\/v1\/secret is described nowhere/);
  });

  it('leads from every problem to its explanation', async () => {
    const codes = new Set(Object.values(FAULTS).map(({ native }) => native.code));
    for (const code of codes) {
      const { status, text } = await call(rig, `/docs/problems/${code}`);
      const statuses = Object.values(FAULTS).filter(({ native }) => native.code === code);
      assert.equal(status, 200, code);
      assert.ok(text.includes(`**${statuses[0]?.native.status}.**`), code);
    }
    const page = readFileSync(new URL('../docs/problems.md', import.meta.url), 'utf8');
    const explained = [...page.matchAll(/^## (.+)$/gm)].map(([, code = '']) => code);
    assert.deepEqual(explained.toSorted(), [...codes].toSorted());
    assert.equal((await call(rig, '/docs/problems/no_such_code')).status, 404);
    assert.equal((await call(rig, '/docs/problems/..%2F..%2Fpackage.json')).status, 404);
  });
});

async function redocly(document: JsonObject): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended'], rules: { 'operation-2xx-response': 'error' } });
  const found = await lintFromString({ source: JSON.stringify(document), absoluteRef: '/openapi.json', config });
  return found.map(({ ruleId, message }) => `${ruleId}: ${message}`);
}

async function withSpectral(document: JsonObject): Promise<string[]> {
  const linter = new spectral.Spectral();
  linter.setRuleset({ extends: [oas as RulesetDefinition] });
  const found = await linter.run(document);
  return found.map(({ code, message, path }) => `${code}: ${message} at ${path.join('/')}`);
}

/** Two operations of one name. */
const spoil = (document: JsonObject): JsonObject =>
  JSON.parse(JSON.stringify(document).replace('"operationId":"getHealth"', '"operationId":"getReadiness"'));
