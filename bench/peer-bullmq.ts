import { Queue, Worker } from 'bullmq';
import { openPeer, type PeerJob } from './peer.ts';

/**
 * The job on BullMQ, as its guides have it: one job per recipient, added in bulk, taken by a worker that works on as many
 * at a time as there are connections to the provider, removed when done; a row for each.
 */
const peer = await openPeer();
const connection = { host: '127.0.0.1', port: peer.question.redisPort ?? 0, maxRetriesPerRequest: null };
const queue = new Queue<PeerJob>('deliveries', { connection });
const worker = new Worker<PeerJob>(
  'deliveries',
  async ({ data }) => {
    await peer.send(data);
    await peer.keep([data]);
  },
  { connection, concurrency: peer.question.concurrency },
);

const opts = { attempts: 3, removeOnComplete: true, removeOnFail: false };
await peer.answer(async (notification) => {
  const jobs = await peer.jobsOf(notification);
  await queue.addBulk(jobs.map((data) => ({ name: 'deliver', data, opts })));
});
await worker.close();
await queue.close();
await peer.close();
