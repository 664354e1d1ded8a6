import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditEntry } from '../model/audit.ts';
import { randomId } from '../model/ids.ts';
import type { Operator } from '../model/operator.ts';
import { hashToken, makeToken } from '../model/secret-token.ts';
import type { SecretLink } from './port/operators.ts';
import type { Store } from './port.ts';

const HOUR = 3_600_000;

/** The part of the exam that is about people who sign in. */
export function examineOperators(store: () => Store): void {
  describe('operators', () => {
    it('makes the first admin once, however many links there are and come at once', async () => {
      const links = [linkOf('set_up', ''), linkOf('set_up', '')];
      for (const link of links) await store().addLink({ link });
      const made = await Promise.all(links.map(({ hash }) => redeem(hash, operatorOf({ role: 'admin' }))));
      assert.equal(made.filter((operator) => operator !== null).length, 1);
      const late = linkOf('set_up', '');
      await store().addLink({ link: late });
      assert.equal(await redeem(late.hash, operatorOf({ role: 'admin' })), null);
      const only = made.find((operator) => operator !== null);
      assert.ok(only);
      assert.deepEqual(await store().findAccount({ email: only.email }), { operator: only, password: 'hashed' });
    });

    it('keeps one account an e-mail, and an admin who may sign in', async () => {
      const [admin] = (await store().listOperators()).filter(({ role }) => role === 'admin');
      assert.ok(admin);
      const [second] = [operatorOf({ role: 'admin' })];
      assert.equal(await store().addOperator({ operator: operatorOf({ email: admin.email }), link: null }), false);
      const change = (operatorId: string, changes: Partial<Operator>) =>
        store().changeOperator({ operatorId, changes, audit: entry() });
      assert.equal(await change(admin.id, { role: 'viewer' }), 'last_admin');
      assert.equal(await change(admin.id, { disabledAt: 5 }), 'last_admin');
      assert.equal(await store().removeOperator({ operatorId: admin.id, audit: entry() }), 'last_admin');
      assert.equal(await change(randomId('op'), { name: 'Nobody' }), 'unknown');
      assert.ok(await store().addOperator({ operator: second, link: null, audit: entry() }));
      const each = [admin, second].map(({ id }) => change(id, { role: 'viewer' }));
      assert.deepEqual((await Promise.all(each)).toSorted(), ['changed', 'last_admin']);
      for (const { id } of [admin, second]) await change(id, { role: 'admin' });
      assert.equal(await store().removeOperator({ operatorId: second.id, audit: entry() }), 'removed');
      assert.equal(await store().findOperator({ operatorId: second.id }), null);
    });

    it('takes a link once and in time, and an invitation ends what went on under the account', async () => {
      const operator = operatorOf({ bots: ['st-1'] });
      const link = linkOf('invitation', operator.id, 100);
      assert.ok(await store().addOperator({ operator, link }));
      const session = await openSession(operator, 0);
      assert.equal(await store().findLink({ hash: link.hash, at: 100 }), null);
      assert.deepEqual(await store().findLink({ hash: link.hash, at: 99 }), link);
      assert.equal((await redeem(link.hash, { ...operator, name: '' }, 99))?.name, operator.name);
      assert.equal(await redeem(link.hash, operator, 99), null);
      assert.equal(await store().findSession({ hash: session, at: 1, idleSince: -1 }), null);
      const signIn = linkOf('sign_in', operator.id, 100);
      await store().addLink({ link: signIn });
      const taken = await Promise.all([1, 2].map(() => store().takeLink({ hash: signIn.hash, at: 50 })));
      assert.deepEqual(
        taken.filter((each) => each !== null),
        [signIn],
      );
    });

    it('ends a session at its end, after silence, and with whoever it was of', async () => {
      const operator = operatorOf({});
      await store().addOperator({ operator, link: null });
      const [first, second] = [await openSession(operator, 1_000, 'staff'), await openSession(operator, 1_000)];
      const find = (hash: string, at: number) => store().findSession({ hash, at, idleSince: at - 100 });
      assert.equal((await find(first, 1_050))?.operator.id, operator.id);
      assert.equal((await find(first, 1_050))?.provider, 'staff');
      assert.equal(await find(first, 1_100), null);
      await store().touchSession({ hash: first, at: 1_090 });
      assert.equal((await find(first, 1_100))?.seenAt, 1_090);
      await store().touchSession({ hash: first, at: 1_000 + HOUR });
      assert.equal(await find(first, 1_000 + HOUR), null);
      assert.equal(await store().endSession({ hash: first, audit: entry() }), true);
      assert.equal(await store().endSession({ hash: first, audit: entry() }), false);
      await store().changeOperator({ operatorId: operator.id, changes: { disabledAt: 1_010 }, audit: entry() });
      await store().changeOperator({ operatorId: operator.id, changes: { disabledAt: null }, audit: entry() });
      assert.equal(await find(second, 1_050), null);
      const [third, fourth] = [await openSession(operator, 1_000), await openSession(operator, 1_000)];
      assert.equal(await store().endSessionsOf({ operatorId: operator.id, audit: entry() }), 2);
      assert.deepEqual([await find(third, 1_050), await find(fourth, 1_050)], [null, null]);
    });

    it('counts attempts in a window, forgives good ones, and throws away what has run out', async () => {
      const keys = [makeToken(), makeToken()];
      const count = async (at: number) =>
        (await store().countSignIns({ keys, at, windowMs: 100 })).map((each) => each.count);
      const many = await Promise.all(Array.from({ length: 5 }, () => count(0)));
      assert.deepEqual(many.map(([first]) => first).toSorted(), [1, 2, 3, 4, 5]);
      await store().forgiveSignIn({ keys });
      assert.deepEqual(await count(99), [5, 5]);
      assert.deepEqual(await count(100), [1, 1]);
      assert.ok((await store().prune({ now: 1_000, limit: 1_000 })) >= 2);
      assert.deepEqual(await count(150), [1, 1]);
    });

    it('knows who somebody is to a provider, and gives no identity and no account to a second one', async () => {
      const [issuer, subject] = ['https://id.example.com', makeToken()];
      const [ann, bo] = [operatorOf({}), operatorOf({})];
      for (const operator of [ann, bo]) await store().addOperator({ operator, link: null });
      const link = (operatorId: string, name: string, asFirst: boolean) =>
        store().linkIdentity({ identity: { issuer, subject: name }, operatorId, asFirst, audit: entry() });
      assert.equal(await store().findByIdentity({ issuer, subject }), null);
      const firsts = await Promise.all([subject, makeToken()].map((name) => link(ann.id, name, true)));
      assert.deepEqual(firsts.toSorted(), [false, true]);
      assert.equal(await link(randomId('op'), makeToken(), true), false);
      const another = makeToken();
      assert.deepEqual([await link(ann.id, another, true), await link(ann.id, another, false)], [false, true]);
      assert.equal(await link(bo.id, another, false), false);
      assert.equal((await store().findByIdentity({ issuer, subject: another }))?.id, ann.id);
      assert.equal(await store().findByIdentity({ issuer: 'https://other.example.com', subject: another }), null);

      const add = (operator: Operator, name: string) =>
        store().addOperator({ operator, link: null, identity: { issuer, subject: name }, audit: entry() });
      const [cy, di] = [operatorOf({}), operatorOf({})];
      const ofCy = makeToken();
      assert.deepEqual([await add(cy, ofCy), await add(di, ofCy), await add(cy, makeToken())], [true, false, false]);
      assert.equal(await store().findOperator({ operatorId: di.id }), null);
      const waysOf = async ({ id }: Operator) => (await store().listWaysIn()).find((ways) => ways.operatorId === id);
      assert.deepEqual(await waysOf(cy), { operatorId: cy.id, hasPassword: false, issuers: [issuer] });
      const head = await store().findAuditHead({ botId: null });
      assert.equal(await store().unlinkIdentities({ operatorId: ann.id, audit: entry() }), 2);
      assert.equal((await store().findAuditHead({ botId: null })).seq, head.seq + 1);
      assert.equal(await store().findByIdentity({ issuer, subject: another }), null);
      assert.equal(await store().removeOperator({ operatorId: cy.id, audit: entry() }), 'removed');
      assert.equal(await store().findByIdentity({ issuer, subject: ofCy }), null);
    });

    const redeem = (hash: string, operator: Operator, at = 1) =>
      store().redeemLink({ hash, at, password: 'hashed', operator, audit: entry() });

    async function openSession(operator: Operator, at: number, provider: string | null = null): Promise<string> {
      const hash = hashToken(makeToken());
      const session = { hash, operatorId: operator.id, createdAt: at, endsAt: at + HOUR, provider };
      await store().openSession({ session, replaces: null, audit: entry() });
      return hash;
    }
  });
}

const linkOf = (kind: SecretLink['kind'], about: string, expiresAt = HOUR): SecretLink => ({
  hash: hashToken(makeToken()),
  kind,
  about,
  expiresAt,
});

function operatorOf(who: Partial<Operator>): Operator {
  const id = randomId('op');
  const plain = { id, email: `${id}@abc.com`, name: 'Ann', role: 'viewer', bots: [] } as const;
  return { ...plain, disabledAt: null, createdAt: 1, signedInAt: null, ...who };
}

const entry = (): AuditEntry => ({
  botId: null,
  at: 1,
  appId: 'op-1',
  subject: 'op-1',
  action: 'exam',
  target: null,
  before: null,
  after: null,
  ip: null,
});
