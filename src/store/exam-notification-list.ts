import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomId } from '../model/ids.ts';
import type { NotificationSummary } from '../model/notification.ts';
import { keyOf, LOG_TIME, sample } from './exam-samples.ts';
import type { NotificationPage } from './port/notifications.ts';
import type { Store } from './port.ts';

/** The part of the exam that is about a bot's notifications, page by page. */
export function examineNotificationList(store: () => Store): void {
  describe('list of notifications', () => {
    const botId = randomId('st');
    const CHANNELS = ['msteams', 'slack', 'email'];

    /** Thirty, several of the same moment; every third is over. */
    const fill = async () => {
      const summaries: NotificationSummary[] = [];
      for (let i = 0; i < 30; i++) {
        const request = sample({ botId, delayMs: 60_000 });
        const channel = CHANNELS[i % 2] ?? '';
        await store().accept({
          ...request,
          notification: { ...request.notification, channel, createdAt: LOG_TIME + Math.floor(i / 4) },
        });
        if (i % 3 === 0) {
          await store().cancel({ ...keyOf(request), at: LOG_TIME });
          while ((await store().endCancelled({ at: LOG_TIME, limit: 100 })) > 0);
        }
        const stored = await store().findNotification(keyOf(request));
        assert.ok(stored);
        const { message: _, ...summary } = stored;
        summaries.push(summary);
      }
      return summaries.sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
    };

    const readAll = async (filter: Partial<NotificationPage>, limit: number) => {
      const found: NotificationSummary[] = [];
      for (let after: NotificationPage['after'] = null; ; ) {
        const page = await store().listNotifications({
          botId,
          channels: CHANNELS,
          finished: null,
          ...filter,
          after,
          limit,
        });
        found.push(...page);
        const last = page.at(-1);
        if (last === undefined) return found;
        assert.ok(page.length <= limit);
        after = last;
      }
    };

    it('is newest first, holds each once and only what was asked for', async () => {
      await store().accept(sample({ delayMs: 60_000 }));
      const all = await fill();
      for (const limit of [1, 7, 500]) assert.deepEqual(await readAll({}, limit), all);
      assert.deepEqual(
        await readAll({ channels: ['slack'] }, 4),
        all.filter(({ channel }) => channel === 'slack'),
      );
      const isFinished = ({ finishedAt }: NotificationSummary) => finishedAt !== null;
      assert.equal(all.filter(isFinished).length, 10);
      assert.deepEqual(await readAll({ finished: true }, 3), all.filter(isFinished));
      assert.deepEqual(
        await readAll({ finished: false, channels: ['msteams'] }, 3),
        all.filter((summary) => !isFinished(summary) && summary.channel === 'msteams'),
      );
      assert.deepEqual(await readAll({ channels: [] }, 3), []);
    });
  });
}
