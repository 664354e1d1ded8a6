import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { APPS, sign } from '../../../test/support/http-rig.ts';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import type { App, Tenancy } from '../../model/tenancy.ts';
import { Fault } from '../faults.ts';
import { verifyToken } from './token.ts';

const ANOTHER = 'another-secret-of-enough-bytes-for-HS256';

describe('a token that was good once', () => {
  it('is taken again, and says the same', async () => {
    const token = await sign({ appId: 'cs-builder', sub: 'once' });
    assert.deepEqual(await verify(token, appWith({})), await verify(token, appWith({})));
  });

  const since: readonly [what: string, app: App | null][] = [
    ['its app is gone', null],
    ['its app has another key', appWith({ key: ANOTHER })],
    ['its app signs in another algorithm', appWith({ algorithm: 'HS512' })],
    ['its app takes encrypted tokens only', appWith({ enforceJwe: true })],
  ];
  for (const [what, app] of since) {
    it(`is refused once ${what}`, async () => {
      const token = await sign({ appId: 'cs-builder', sub: what });
      await verify(token, appWith({}));
      await assert.rejects(verify(token, app), Fault);
      await verify(token, appWith({}));
    });
  }

  it('is read whole each time if it comes but once', async () => {
    const token = await sign({ appId: 'cs-builder', jti: 'one' });
    assert.deepEqual([await jtiOf(token), await jtiOf(token)], ['one', 'one']);
  });

  it('is right among more than are kept', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 1_200 }, (_, n) => sign({ appId: 'cs-builder', sub: `${n}` })),
    );
    for (let round = 0; round < 2; round += 1) {
      for (const [n, token] of tokens.entries()) assert.equal((await verify(token, appWith({}))).subject, `${n}`);
    }
  });
});

function appWith(changed: Partial<App>): App {
  const found = APPS.find(({ clientId }) => clientId === 'cs-builder');
  assert.ok(found);
  return { ...found, ...changed };
}

async function jtiOf(token: string): Promise<string | null> {
  return (await verify(token, appWith({}))).jti;
}

function verify(token: string, app: App | null) {
  const tenancy = { app: () => app } as Partial<Tenancy> as Tenancy;
  return verifyToken(token, {
    tenancy,
    clock: new VirtualClock(),
    platformKey: () => Promise.reject(new Error('no key')),
  });
}
