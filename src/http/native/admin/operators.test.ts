import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { BOT, OTHER_BOT, type Rig, startRig, tokenFor } from '../../../../test/support/http-rig.ts';
import { addOperator, cookieOf, fromConsole } from '../../../../test/support/operators.ts';
import { createClient } from '../../../client/client.ts';

describe('operators', () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  it('are invited, choose a password, are changed, signed out, disabled and taken away', async () => {
    const { operators } = createClient({ url: rig.url, token: await tokenFor('cs-operator') }).admin;
    const body = { name: 'Bo', email: 'Bo@ABC.com', role: 'viewer', bots: [BOT] } as const;
    const { operator, invitation } = await operators.invite(body);
    assert.ok(invitation.startsWith(`${rig.url}/invitation#`));
    await assert.rejects(operators.invite(body), { code: 'operator_exists' });
    await assert.rejects(operators.invite({ ...body, email: 'x@abc.com', bots: ['st-none'] }), {
      code: 'body_invalid',
    });

    const accept = (link: string) => {
      const token = new URL(link).hash.slice(1);
      return fromConsole(rig, 'POST', '/session/setup', { token, password: 'seven wet umbrellas' });
    };
    const accepted = await accept(invitation);
    assert.equal(accepted.status, 200, accepted.text);
    const cookie = cookieOf(accepted);
    const status = async (path: string, session = cookie) =>
      (await fromConsole(rig, 'GET', path, undefined, { cookie: session })).status;
    assert.deepEqual([await status(`/bots/${OTHER_BOT}/overview`), await status('/admin/operators')], [404, 403]);
    assert.deepEqual((await operators.change(operator.id, { role: 'admin' })).role, 'admin');
    assert.deepEqual([await status(`/bots/${OTHER_BOT}/overview`), await status('/admin/operators')], [200, 200]);
    await assert.rejects(operators.change(operator.id, { disabled: true }), { code: 'last_admin' });
    await assert.rejects(operators.remove(operator.id), { code: 'last_admin' });
    const other = await addOperator(rig, { role: 'admin' });
    await operators.change(operator.id, { role: 'viewer' });
    assert.deepEqual(await operators.signOut(operator.id), { sessions: 1 });
    assert.equal(await status('/session'), 401);

    const again = await operators.inviteAgain(operator.id);
    const second = cookieOf(await accept(again.invitation));
    assert.equal(await status('/session', second), 200);
    assert.ok((await operators.change(operator.id, { disabled: true })).disabledAt !== null);
    assert.equal(await status('/session', second), 401);
    await assert.rejects(operators.inviteAgain(operator.id), { code: 'not_found' });
    assert.deepEqual(
      (await operators.list()).operators.map(({ email }) => email),
      ['bo@abc.com', other.email],
    );
    await operators.remove(operator.id);
    await assert.rejects(operators.remove(operator.id), { code: 'not_found' });
    assert.equal((await operators.list()).operators.length, 1);
  });
});

it('no database is asked for an operator whose id is none', async () => {
  const ask = () => Promise.reject(new Error('PostgreSQL takes no NUL'));
  const rig = await startRig({
    around: (store) => ({ ...store, findOperator: ask, changeOperator: ask, removeOperator: ask }),
  });
  const { operators } = createClient({ url: rig.url, token: await tokenFor('cs-operator') }).admin;
  for (const id of ['\0', 'op-', 'st-0d3f6c1e-5b0a-5d0e-9d52-6f0c8f6b1a77']) {
    await assert.rejects(operators.inviteAgain(id), { code: 'not_found' });
    await assert.rejects(operators.change(id, { name: 'Bo' }), { code: 'not_found' });
    await assert.rejects(operators.remove(id), { code: 'not_found' });
    await assert.rejects(operators.signOut(id), { code: 'not_found' });
  }
  await rig.close();
});
