import type { TestPostgres } from '../test/support/postgres.ts';
import { takeToken } from './bare.ts';
import type { PeerRun } from './peer.ts';
import { askScript } from './processes.ts';
import { startRedis } from './redis.ts';
import { CONCURRENCY, conversationOf, emailOf, type Fake, PEOPLE, TEXT } from './stage.ts';

/** The same job as people build it today. */
export interface Peers {
  /** Deliveries a second on BullMQ over Redis; null where there is no Redis. */
  runBullmq(notifications: number): Promise<number | null>;
  /** Deliveries a second on pg-boss. */
  runPgboss(notifications: number): Promise<number>;
  close(): Promise<void>;
}

export async function openPeers(fake: Fake, postgres: TestPostgres): Promise<Peers> {
  const redis = await startRedis();
  const run = async (script: string, notifications: number, redisPort: number | null): Promise<number> => {
    const database = await postgres.createDatabase();
    const question: PeerRun = {
      origin: fake.urls.base,
      token: await takeToken(fake),
      concurrency: CONCURRENCY,
      appId: fake.credentials.teams.appId,
      text: TEXT,
      people: Array.from({ length: PEOPLE }, (_, index) => ({
        email: emailOf(index),
        conversationId: conversationOf(fake, index),
      })),
      notifications,
      database,
      redisPort,
    };
    const ms = await askScript<number>(script, question);
    return Math.round((notifications * PEOPLE * 1_000) / ms);
  };
  return {
    runBullmq: async (notifications) => (redis === null ? null : run('peer-bullmq.ts', notifications, redis.port)),
    runPgboss: (notifications) => run('peer-pgboss.ts', notifications, null),
    async close() {
      await redis?.stop();
    },
  };
}
