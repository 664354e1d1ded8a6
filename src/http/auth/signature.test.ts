import assert from 'node:assert/strict';
import { createHmac, createSecretKey } from 'node:crypto';
import { describe, it } from 'node:test';
import { APPS, rsa, SECRET, sign } from '../../../test/support/http-rig.ts';
import type { App } from '../../model/tenancy.ts';
import { Fault } from '../faults.ts';
import { checkSignature } from './signature.ts';

const ANOTHER = 'another-secret-of-enough-bytes-for-HS256';
const claims = { appId: 'cs-builder' };

describe('the signature of a token that was taken before', () => {
  it('is good for the app of that key only', async () => {
    const [before, rotated] = [appWith({}), appWith({ key: ANOTHER })];
    const [old, fresh] = [await sign(claims), await sign(claims, { alg: 'HS256' }, createSecretKey(ANOTHER, 'utf8'))];
    await checkSignature(old, before);
    await checkSignature(fresh, rotated);
    await refuses(old, rotated);
    await refuses(fresh, before);
    await checkSignature(old, before);
  });

  it('is good in the algorithm of the app only', async () => {
    const token = await sign(claims, { alg: 'RS256' }, rsa.privateKey);
    const found = APPS.find(({ algorithm }) => algorithm === 'RS256');
    assert.ok(found);
    await checkSignature(token, { ...found });
    await refuses(token, { ...found, algorithm: 'RS512' });
  });

  it('lends nothing to another signature of the same words, or to other words', async () => {
    const app = appWith({});
    const token = await sign(claims);
    await checkSignature(token, app);
    const [header, payload, signature] = token.split('.');
    await refuses(`${header}.${payload}.${signature?.split('').reverse().join('')}`, app);
    await refuses(`${header}.${payload}.`, app);
    await refuses(
      `${header}.${Buffer.from('{"appId":"cs-builder","sub":"x"}').toString('base64url')}.${signature}`,
      app,
    );
  });

  it('is still right when more were taken than are kept, and none that was refused is', async () => {
    const app = appWith({});
    const tokens = Array.from({ length: 2_500 }, (_, index) => hs256(`{"sub":"${index}"}`, SECRET));
    const forged = Array.from({ length: 100 }, (_, index) => hs256(`{"sub":"${index}"}`, ANOTHER));
    for (let round = 0; round < 2; round += 1) {
      for (const token of tokens) await checkSignature(token, app);
      for (const token of forged) await refuses(token, app);
    }
  });
});

const refuses = (token: string, app: App): Promise<void> =>
  assert.rejects(checkSignature(token, app), (error) => error instanceof Fault && error.fault === 'token_refused');

function appWith(changes: Partial<App>): App {
  const [builder] = APPS;
  assert.ok(builder);
  return { ...builder, ...changes };
}

function hs256(payload: string, secret: string): string {
  const signed = ['{"alg":"HS256"}', payload].map((part) => Buffer.from(part).toString('base64url')).join('.');
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
