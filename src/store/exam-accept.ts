import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Notification } from '../model/notification.ts';
import type { Options } from '../model/options.ts';
import { claimAll, keyOf, LOG_TIME, queueOf, replyFor, sample, ZERO } from './exam-samples.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about taking a notification in. */
export function examineAccept(store: () => Store): void {
  describe('accept', () => {
    it('keeps the notification as it was asked, with everybody pending', async () => {
      const request = sample({ recipients: 250 });
      assert.deepEqual(await store().accept(request), { kind: 'accepted' });
      const found = await store().findNotification(keyOf(request));
      assert.deepEqual(found, {
        ...request.notification,
        updatedAt: request.notification.createdAt,
        finishedAt: null,
        cancelledAt: null,
        pausedAt: null,
        pausedReason: null,
        isExtended: false,
        counts: { ...ZERO, total: 250, pending: 250 },
      });
    });

    it('keeps what only the native API can ask', async () => {
      const plain = sample({});
      const window = { from: '08:00', until: '20:00', timeZone: 'person', fallbackTimeZone: 'UTC' };
      const options: Options = { sendAt: LOG_TIME + 3_600_000, window, quietHours: [{ ...window, days: ['sun'] }] };
      const request = { ...plain, notification: { ...plain.notification, options } };
      await store().accept(request);
      assert.deepEqual((await store().findNotification(keyOf(request)))?.options, options);
    });

    it('keeps each variant of what is localised', async () => {
      const plain = sample({});
      const message = {
        type: 'localised',
        variants: { en: { type: 'text', text: 'Hello' }, hi: { type: 'native', payload: { text: 'नमस्ते' } } },
        default: 'en',
      } as const;
      const request = { ...plain, notification: { ...plain.notification, message } };
      await store().accept(request);
      const found = (await store().findNotification(keyOf(request)))?.message;
      assert.deepEqual(found, message);
    });

    it('cuts recipients into batches of at most 100 and keeps each as it was given', async () => {
      const request = sample({ recipients: 201 });
      await store().accept(request);
      const batches = await claimAll(store(), queueOf(request));
      assert.deepEqual(
        batches.map((batch) => batch.recipients.length),
        [100, 100, 1],
      );
      assert.deepEqual(
        batches.flatMap((batch) => batch.recipients),
        request.recipients,
      );
    });

    it('keeps a script, and what it printed for whom', async () => {
      const request = sample({ recipients: 2 });
      const notification: Notification = {
        ...request.notification,
        message: { type: 'script', source: 'print("Hi")' },
      };
      const [first, second] = request.recipients;
      assert.ok(first && second);
      const recipients = [{ ...first, printed: '{"text":"\\u{1F600} \'"}' }, second];
      await store().accept({ ...request, notification, recipients });
      assert.deepEqual((await store().findNotification(keyOf(request)))?.message, notification.message);
      const [batch] = await claimAll(store(), queueOf(request));
      assert.deepEqual(batch?.recipients, recipients);
    });

    it('keeps messages, parameters and custom messages byte for byte', async () => {
      const hostile = 'O\'Neil \\ " %s $1 {name} \u{1F600} \u202E; DROP TABLE logs; --\n\t';
      const request = sample({ recipients: 1 });
      const [first] = request.recipients;
      assert.ok(first);
      const recipient = { ...first, identity: hostile, customMessage: hostile, parameters: { [hostile]: hostile } };
      const notification: Notification = {
        ...request.notification,
        message: { type: 'native', payload: { [hostile]: [hostile, 1, null] } },
      };
      await store().accept({ ...request, notification, recipients: [recipient] });
      assert.deepEqual((await store().findNotification(keyOf(request)))?.message, notification.message);
      const [batch] = await claimAll(store(), queueOf(request));
      assert.deepEqual(batch?.recipients, [recipient]);
    });

    it('answers the first reply again for the same idempotency key, and stores nothing', async () => {
      const idempotency = replyFor('key-1');
      const first = sample({ idempotency });
      const again = { ...sample({ idempotency: { ...idempotency, body: 'other', fingerprint: 'other' } }) };
      assert.equal((await store().accept(first)).kind, 'accepted');
      const { botId, appId, route, key, ...reply } = idempotency;
      assert.deepEqual(await store().accept(again), { kind: 'replay', reply });
      assert.equal(await store().findNotification(keyOf(again)), null);
      assert.deepEqual(await store().findReply({ botId, appId, route, key }), reply);
    });

    it('finds many at once as it finds each, and leaves out what is unknown', async () => {
      const requests = [sample({ recipients: 2 }), sample({ recipients: 3 })];
      for (const request of requests) await store().accept(request);
      const each = await Promise.all(requests.map((request) => store().findNotification(keyOf(request))));
      const notifications = [...requests, sample({})].map(keyOf);
      assert.deepEqual(new Set(await store().findNotifications({ notifications })), new Set(each));
      assert.deepEqual(await store().findNotifications({ notifications: [] }), []);
      const summaries = each.map((found) => {
        assert.ok(found);
        const { message: _, ...summary } = found;
        return summary;
      });
      assert.deepEqual(new Set(await store().findSummaries({ notifications })), new Set(summaries));
      assert.deepEqual(await store().findSummaries({ notifications: [] }), []);
    });

    it('lets exactly one of many simultaneous calls with one key through', async () => {
      const idempotency = replyFor('key-race');
      const requests = Array.from({ length: 20 }, () => sample({ idempotency }));
      const results = await Promise.all(requests.map((request) => store().accept(request)));
      assert.equal(results.filter((result) => result.kind === 'accepted').length, 1);
      const stored = await Promise.all(requests.map((request) => store().findNotification(keyOf(request))));
      assert.equal(stored.filter((found) => found !== null).length, 1);
    });

    it('undoes everything when one part is refused, and harms no neighbour in the same moment', async () => {
      const good = sample({});
      const twin = sample({ idempotency: replyFor('key-undone') });
      const clash = { ...twin, notification: { ...twin.notification, id: good.notification.id } };
      clash.notification = { ...clash.notification, botId: good.notification.botId };
      await store().accept(good);
      const neighbour = sample({});
      const [refused, accepted] = await Promise.allSettled([store().accept(clash), store().accept(neighbour)]);
      assert.equal(refused.status, 'rejected');
      assert.equal(accepted.status, 'fulfilled');
      assert.equal(await store().findReply(replyFor('key-undone')), null);
      assert.notEqual(await store().findNotification(keyOf(neighbour)), null);
    });
  });
}
