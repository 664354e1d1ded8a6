import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ERASED } from '../model/erasure.ts';
import { connectionId, randomId } from '../model/ids.ts';
import {
  acceptAndClaim,
  claimAll,
  countsOf,
  held,
  keyOf,
  LOG_TIME,
  logOf,
  personOf,
  queueOf,
  recipientOf,
  record,
  sample,
  ZERO,
} from './exam-samples.ts';
import type { AcceptRequest } from './port/acceptance.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about taking out who somebody was. */
export function examineErasures(store: () => Store): void {
  describe('erasures', () => {
    const at = LOG_TIME + 9_000;
    async function erase(botId: string, who: { identity: string } | { personId: string }) {
      const key = { botId, erasureId: randomId('er') };
      assert.ok(await store().erase({ ...key, who, at }));
      return key;
    }
    const goOn = async () => {
      while ((await store().goOnErasing({ at })) > 0);
    };
    const logsOf = (request: AcceptRequest) =>
      store().listLedger({
        ...keyOf(request),
        ...{ afterSeq: -1, untilSeq: 1_000, limit: 1_000 },
        filter: { states: null, reasons: null, identity: null, prefix: null },
      });

    it('takes somebody out of the directory at once, and keeps that they must not be written to', async () => {
      const botId = randomId('st');
      const [sms, mail] = [connectionId(botId, 'sms', null), connectionId(botId, 'email', null)];
      const ann = personOf(botId, 'ann@abc.com', { phone: '+49 170 7654321' });
      const bo = personOf(botId, 'bo@abc.com', {});
      await store().upsertPeople({ people: [ann, bo] });
      const person = { botId, personId: ann.id };
      await store().setPreferences({ ...person, optOuts: [{ category: 'news', channel: null }], at: 1 });
      const stop = { identity: '491707654321', reason: 'opted_out', detail: 'said by ann@abc.com', at: 5 } as const;
      await store().silence({ botId, connectionId: sms, entries: [stop] });
      await store().silence({
        botId,
        connectionId: mail,
        entries: [{ ...stop, identity: 'ann@abc.com', reason: null }],
      });
      const key = await erase(botId, { personId: ann.id });
      assert.equal(await store().findPerson(person), null);
      assert.deepEqual(await store().listPreferences(person), []);
      assert.equal((await store().findErasure(key))?.finishedAt, null);
      await goOn();
      assert.partialDeepStrictEqual(await store().findErasure(key), { erased: 0, createdAt: at, finishedAt: at });
      assert.deepEqual(await store().findPerson({ botId, personId: bo.id }), bo);

      const asked = { botId, connectionId: sms, identities: ['491707654321', 'bo@abc.com'] };
      assert.deepEqual([...(await store().listSilenced(asked))], [['491707654321', 'opted_out']]);
      assert.equal((await store().listSilenced({ ...asked, connectionId: mail })).size, 0);
      const [silence] = await store().listSilences({ botId, connectionId: sms, afterIdentity: '', limit: 5 });
      assert.match(silence?.identity ?? '', /^sha256:[0-9a-f]{64}$/);
      assert.deepEqual([silence?.detail, silence?.at], [null, 5]);
      assert.equal(await store().liftSilence({ ...asked, identity: '+49 170 7654321', at }), true);
      assert.equal((await store().listSilenced(asked)).size, 0);
      await assert.doesNotReject(erase(botId, { identity: 'nobody@abc.com' }));
      const unknown = { botId, erasureId: randomId('er'), who: { personId: randomId('u') }, at };
      assert.equal(await store().erase(unknown), false);
      await goOn();
    });

    it('ends those who wait, waits for a worker that holds somebody, and leaves the others as they are', async () => {
      const botId = randomId('st');
      const waiting = sample({ botId, recipients: 101 });
      await store().accept(waiting);
      const working = sample({ botId, recipients: 2 });
      const batch = await acceptAndClaim(store(), working);
      const key = await erase(botId, { identity: 'P1@abc.com' });
      await goOn();
      assert.equal((await store().findErasure(key))?.finishedAt, null, 'a worker holds them');
      await record(store(), [{ batch: held(batch), logs: [logOf(0, 'delivered'), logOf(1, 'failed')], remainder: [] }]);
      await goOn();
      assert.partialDeepStrictEqual(await store().findErasure(key), { erased: 2, finishedAt: at });
      assert.deepEqual(await countsOf(store(), waiting), { ...ZERO, total: 101, pending: 100, suppressed: 1 });
      const [ended] = await logsOf(waiting);
      assert.partialDeepStrictEqual(ended?.log, { seq: 1, identity: ERASED, state: 'suppressed', reason: 'erased' });
      const left = (await claimAll(store(), queueOf(waiting))).flatMap(({ recipients }) => recipients);
      assert.deepEqual(
        left,
        waiting.recipients.filter(({ seq }) => seq !== 1),
      );
      assert.deepEqual(await countsOf(store(), working), { ...ZERO, total: 2, delivered: 1, failed: 1 });
    });

    it('leaves of logs what became of somebody, of receipts the state, and nobody to be tried again', async () => {
      const request = sample({ recipients: 2 });
      const { botId } = request.notification;
      const batch = await acceptAndClaim(store(), request);
      const route = {
        step: 0,
        tried: [{ step: 0, reason: 'provider_error', detail: 'p1@abc.com', attempts: 1 }],
      } as const;
      await record(store(), [
        {
          batch: held(batch),
          logs: [logOf(0, 'delivered'), { ...logOf(1, 'failed'), personId: 'u-1', route }],
          remainder: [],
          kept: [recipientOf(1)],
        },
      ]);
      const receipt = { seq: 1, state: 'failed', at: 7, reason: 'address_gone', detail: 'no p1@abc.com' } as const;
      const { id: notificationId, connectionId: through } = request.notification;
      const tell = (more: object = {}) =>
        store().recordReceipts({
          ...{ botId, connectionId: through },
          receipts: [{ ...receipt, ...more, notificationId }],
        });
      await tell();
      const before = await store().findNotification(keyOf(request));
      await erase(botId, { identity: 'p1@abc.com' });
      await goOn();
      const [other, erased] = await logsOf(request);
      assert.equal(other?.log.identity, 'p0@abc.com');
      assert.deepEqual(erased, {
        log: {
          ...logOf(1, 'failed'),
          ...{ identity: ERASED, detail: null },
          route: { step: 0, tried: [{ ...route.tried[0], detail: null }] },
        },
        receipt: { ...receipt, detail: null },
      });
      const after = await store().findNotification(keyOf(request));
      assert.deepEqual(after?.counts, before?.counts);
      assert.ok((after?.updatedAt ?? 0) > (before?.updatedAt ?? 0));
      await tell({ state: 'delivered' });
      assert.equal((await logsOf(request))[1]?.receipt?.detail, null);
      const again = { states: ['failed' as const], reasons: null, expiresAt: null, idempotency: null };
      assert.partialDeepStrictEqual(await store().retry({ ...keyOf(request), at, ...again }), {
        state: { retried: 0, leftOut: 1 },
      });
    });

    it('takes names out of texts, where they stand by themselves', async () => {
      const text = 'Write to p1@abc.com, not to kp1@abc.com or P1@ABC.com.';
      const plain = sample({});
      const request = { ...plain, notification: { ...plain.notification, message: { type: 'text', text } as const } };
      await store().accept(request);
      const { botId } = request.notification;
      const key = await erase(botId, { identity: 'p1@abc.com' });
      await goOn();
      const found = await store().findNotification(keyOf(request));
      assert.deepEqual(found?.message, {
        type: 'text',
        text: `Write to ${ERASED}, not to kp1@abc.com or ${ERASED}.`,
      });
      assert.equal((await store().findErasure(key))?.erased, 1);
      assert.equal(await store().findErasure({ ...key, botId: randomId('st') }), null);
    });
  });
}
