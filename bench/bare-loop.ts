import { readConversation } from './processes.ts';
import { openSender, type Sends } from './sender.ts';

/**
 * What delivery costs when nothing is accepted, resolved, paced, retried or recorded: the same requests to the same
 * provider from a loop around an undici Pool. Asked to make so many, answers the milliseconds they took.
 */
const { question, requests } = await readConversation<Sends, number>();
const sender = openSender(question);
let next = 0;

async function work(until: number): Promise<void> {
  while (next < until) {
    const index = next++ % question.paths.length;
    await sender.send(question.paths[index] ?? '', question.bodies[index] ?? '');
  }
}

for await (const sends of requests) {
  const until = next + sends;
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: question.concurrency }, () => work(until)));
  console.log(performance.now() - startedAt);
}
await sender.close();
