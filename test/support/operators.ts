import assert from 'node:assert/strict';
import { randomId } from '../../src/model/ids.ts';
import type { Operator } from '../../src/model/operator.ts';
import { hashToken, makeToken } from '../../src/model/secret-token.ts';
import { call, type Reply, type Rig } from './http-rig.ts';

/** An operator in the store, who has no password. */
export async function addOperator(rig: Rig, who: Partial<Operator> = {}): Promise<Operator> {
  const id = randomId('op');
  const createdAt = rig.clock.now();
  const plain = { id, email: `${id}@abc.com`, name: 'Ann', role: 'viewer', bots: [] } as const;
  const operator = { ...plain, disabledAt: null, createdAt, signedInAt: null, ...who };
  assert.ok(await rig.store.addOperator({ operator, link: null }));
  return operator;
}

/** What the browser of a new operator sends along, from a page of the console. */
export async function signInAs(rig: Rig, who: Partial<Operator>): Promise<Readonly<Record<string, string>>> {
  const operator = await addOperator(rig, who);
  const token = makeToken();
  const expiresAt = rig.clock.now() + 1_000;
  await rig.store.addLink({ link: { hash: hashToken(token), kind: 'sign_in', about: operator.id, expiresAt } });
  const reply = await fromConsole(rig, 'POST', '/session/link', { token });
  assert.equal(reply.status, 200, reply.text);
  return { cookie: cookieOf(reply), 'sec-fetch-site': 'same-origin' };
}

/** A call as the console makes it. */
export const fromConsole = (
  rig: Rig,
  method: string,
  path: string,
  body?: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> =>
  call(rig, `/api/v1${path}`, {
    method,
    headers: { origin: rig.url, ...(body && { 'content-type': 'application/json' }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });

/** `name=value` of the cookie that a reply sets. */
export const cookieOf = ({ headers }: Reply): string => headers.getSetCookie()[0]?.split(';')[0] ?? '';
