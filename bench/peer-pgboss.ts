import { PgBoss } from 'pg-boss';
import { openPeer, type PeerJob } from './peer.ts';

/**
 * The job on pg-boss, as its pages have it for throughput: jobs inserted in bulk, taken in batches of 500 as long as
 * batches are full, told of new ones by NOTIFY; settled one by one, because otherwise one that fails has all of its batch
 * sent again; a batch's rows in one statement. Two batches at a time, so that one is sent while the other is fetched or
 * settled.
 */
const peer = await openPeer();
const boss = new PgBoss({ connectionString: peer.question.database, useListenNotify: true });
boss.on('error', (error) => {
  throw error;
});
await boss.start();
await boss.createQueue('deliveries', { notify: true });
const options = { batchSize: 500, perJobResults: true, burstWhenBatchFull: true, localConcurrency: 2 } as const;
await boss.work<PeerJob>('deliveries', options, async (jobs) => {
  await Promise.all(jobs.map(({ data }) => peer.send(data)));
  await peer.keep(jobs.map(({ data }) => data));
  return jobs.map(({ id }) => ({ id, status: 'completed' as const }));
});

await peer.answer(async (notification) => {
  const jobs = await peer.jobsOf(notification);
  await boss.insert(
    'deliveries',
    jobs.map((data) => ({ data })),
  );
});
await boss.stop();
await peer.close();
