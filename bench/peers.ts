import type { TestPostgres } from '../test/support/postgres.ts';
import { takeToken } from './bare.ts';
import type { Contender } from './contender.ts';
import type { PeerQuestion } from './peer.ts';
import { converse } from './processes.ts';
import { startRedis } from './redis.ts';
import { CONCURRENCY, conversationOf, emailOf, type Fake, PEOPLE, TEXT } from './stage.ts';

/** The same job as people build it today. */
export interface Peers {
  /** On BullMQ over Redis; null where there is no Redis. */
  openBullmq(): Promise<Contender | null>;
  openPgboss(): Promise<Contender>;
  close(): Promise<void>;
}

export async function openPeers(fake: Fake, postgres: TestPostgres): Promise<Peers> {
  const open = async (script: string, redisPort: number | null): Promise<Contender> => {
    const question: PeerQuestion = {
      origin: fake.urls.base,
      token: await takeToken(fake),
      concurrency: CONCURRENCY,
      appId: fake.credentials.teams.appId,
      text: TEXT,
      people: Array.from({ length: PEOPLE }, (_, index) => ({
        email: emailOf(index),
        conversationId: conversationOf(fake, index),
      })),
      database: await postgres.createDatabase(),
      redisPort,
    };
    const peer = converse(script, question);
    return { deliver: (notifications) => peer.ask<number>(notifications), close: () => peer.end() };
  };
  const redis = await startRedis();
  return {
    openBullmq: async () => redis && open('peer-bullmq.ts', redis.port),
    openPgboss: () => open('peer-pgboss.ts', null),
    async close() {
      await redis?.stop();
    },
  };
}
