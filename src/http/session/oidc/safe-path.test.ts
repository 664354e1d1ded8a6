import assert from 'node:assert/strict';
import { test } from 'node:test';
import { safePath } from './safe-path.ts';

test('whoever signed in goes to a page of this server and nowhere else', () => {
  for (const path of ['/', '/bots/st-1/notifications?finished=true', '/bots/st-1/people/import'])
    assert.equal(safePath(path), path);
  const elsewhere = [
    undefined,
    '',
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '/..//evil.example',
    '/%2e%2e//evil.example',
    '/./\\evil.example',
    'evil.example',
    'javascript:alert(1)',
    '/api/v1/session/oidc/staff',
  ];
  for (const path of elsewhere) assert.equal(safePath(path), '/', path);
  assert.equal(safePath('/a\r\nset-cookie: x'), '/aset-cookie:%20x');
});
