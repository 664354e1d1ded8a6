import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { call, type Rig, startRig } from '../../../test/support/http-rig.ts';
import { openConsole } from './console.ts';

const folder = mkdtempSync(join(tmpdir(), 'beckon-console-'));
const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const SCRIPT = 'export const words = "console";'.repeat(100);

describe('the console', () => {
  let rig: Rig;
  before(async () => {
    const page = '<meta name="csp-nonce" content="__NONCE__"><script nonce="__NONCE__" src="/assets/a-1.js"></script>';
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), page);
    writeFileSync(join(folder, 'assets/a-1.js'), SCRIPT);
    writeFileSync(join(folder, 'favicon.svg'), '<svg/>');
    rig = await startRig({ console: openConsole(folder) });
  });
  after(async () => {
    await rig.close();
    rmSync(folder, { recursive: true });
  });

  it('is one page at every address of its own, with a nonce that is never the same', async () => {
    const nonces = new Set<string>();
    for (const path of ['/', '/notifications/ds-1', '/people', '/setup?x=1', '/bots/st-1/templates/welcome.v2']) {
      const { status, headers, text } = await call(rig, path, { headers: HTML });
      const nonce = /content="([^"]+)"/.exec(text)?.[1] ?? '';
      assert.deepEqual([status, headers.get('cache-control')], [200, 'no-store'], path);
      assert.ok(!text.includes('__NONCE__') && text.includes(`<script nonce="${nonce}"`));
      const policy = headers.get('content-security-policy') ?? '';
      for (const rule of [
        "require-trusted-types-for 'script'",
        "default-src 'none'",
        `script-src 'self' 'nonce-${nonce}'`,
        "frame-ancestors 'none'",
      ])
        assert.ok(policy.includes(rule), rule);
      assert.doesNotMatch(policy, /unsafe|\*/);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('referrer-policy'), 'no-referrer');
      assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin');
      nonces.add(nonce);
    }
    assert.equal(nonces.size, 5);
  });

  it('has files that are kept for ever, compressed for who can read it', async () => {
    for (const encoding of ['br', 'gzip', 'identity']) {
      const reply = await call(rig, '/assets/a-1.js', { headers: { 'accept-encoding': encoding } });
      assert.deepEqual([reply.status, reply.text], [200, SCRIPT]);
      assert.equal(reply.headers.get('content-encoding'), encoding === 'identity' ? null : encoding);
      assert.equal(reply.headers.get('cache-control'), 'public, max-age=31536000, immutable');
      assert.equal(reply.headers.get('content-type'), 'text/javascript; charset=utf-8');
    }
    const icon = await call(rig, '/favicon.svg');
    assert.deepEqual([icon.status, icon.headers.get('cache-control')], [200, 'no-cache']);
  });

  it('is never an answer of the API, nor to a program, nor of what lies beside its folder', async () => {
    const wrong = [
      '/api/v1/nothing',
      '/api',
      '/docs/nothing',
      '/assets/gone-1.js',
      '/channels/x',
      '/notes.txt',
      '/.git',
    ];
    for (const path of [...wrong, '/..%2f..%2fpackage.json', '/%2e%2e/package.json', '/assets/../../package.json'])
      assert.equal((await call(rig, path, { headers: HTML })).status, 404, path);
    const program = await call(rig, '/notifications/ds-1', { headers: { accept: 'application/json' } });
    assert.deepEqual(
      [program.status, program.headers.get('content-type')],
      [404, 'application/problem+json; charset=utf-8'],
    );
    assert.equal((await call(rig, '/', { method: 'POST', headers: HTML })).status, 404);
  });

  it('says how to build it where it is not built, and is nothing where it is not wanted', async () => {
    const unbuilt = await startRig({ console: openConsole(join(folder, 'nowhere')) });
    const { status, text } = await call(unbuilt, '/', { headers: HTML });
    assert.equal(status, 503);
    assert.match(text, /npm run build:console/);
    await unbuilt.close();
    const without = await startRig();
    assert.equal((await call(without, '/', { headers: HTML })).status, 404);
    await without.close();
  });
});
