import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { call, startRig, tokenFor } from '../../../test/support/http-rig.ts';
import { fromConsole } from '../../../test/support/operators.ts';

/** What one address may guess at one account. */
const GUESSES = 10;
const FORGED = Array.from({ length: GUESSES }, (_, index) => `198.51.100.${index}`);

/** Who a caller is, where this test is the proxy: its own address is 127.0.0.1. */
describe('a proxy', () => {
  async function open(t: TestContext, trustProxy?: readonly string[]) {
    const rig = await startRig({ ...(trustProxy && { trustProxy }) });
    t.after(() => rig.close());
    const guess = async (forwarded: string): Promise<number> => {
      const body = { email: 'ann@abc.com', password: 'no such password' };
      const { status } = await fromConsole(rig, 'POST', '/session', body, { 'x-forwarded-for': forwarded });
      return status;
    };
    const addressOf = async (forwarded: string) => {
      const headers = { auth: await tokenFor('cs-operator'), 'content-type': 'application/json' };
      await call(rig, '/api/v1/admin/bots/st-00000000-0000-5000-8000-00000000abcd', {
        method: 'PUT',
        headers: { ...headers, 'x-forwarded-for': forwarded },
        body: JSON.stringify({ name: forwarded }),
      });
      const query = { botId: 'st-00000000-0000-5000-8000-00000000abcd', newestFirst: true, from: 1_000, limit: 1 };
      return (await rig.store.listAudit(query)).at(0)?.ip;
    };
    return { guess, addressOf };
  }

  it('that nobody spoke of is one caller, whatever it says', async (t) => {
    const { guess, addressOf } = await open(t);
    for (const address of FORGED) assert.equal(await guess(address), 401);
    assert.equal(await guess('198.51.100.200'), 429);
    assert.equal(await addressOf('198.51.100.7'), '127.0.0.1');
  });

  it('that is trusted says who calls, and the rest of the list is the caller’s own word', async (t) => {
    const { guess, addressOf } = await open(t, ['127.0.0.0/8', '10.0.0.0/8']);
    for (const address of FORGED) assert.equal(await guess(`${address}, 203.0.113.5, 10.1.2.3`), 401);
    assert.equal(await guess('203.0.113.5'), 429);
    assert.equal(await guess('203.0.113.6, 10.1.2.3'), 401, 'another one is not kept waiting for it');
    assert.equal(await addressOf('198.51.100.7, 203.0.113.5, 10.1.2.3'), '203.0.113.5');
  });

  it('is not trusted for the networks of others', async (t) => {
    const { addressOf } = await open(t, ['10.0.0.0/8', '::1']);
    assert.equal(await addressOf('203.0.113.5'), '127.0.0.1');
  });
});
