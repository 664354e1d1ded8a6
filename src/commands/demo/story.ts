import type { JobStatus } from '../../client/kore-documents.ts';
import type { Progress } from '../progress.ts';
import { watchUntilDone } from '../watch.ts';
import { sampleAudience, samplePeople } from './sample-people.ts';
import type { World } from './world.ts';

/** Loads the sample directory through the public API, as a caller would: one NDJSON line for each person. */
export async function loadPeople(world: World): Promise<number> {
  const people = samplePeople();
  await importPeople(world, people);
  return people.length;
}

export async function importPeople({ client, botId }: World, people: readonly object[]): Promise<void> {
  const lines = people.map((person) => `${JSON.stringify(person)}\n`);
  await client.importPeople({
    botId,
    people: ReadableStream.from(lines).pipeThrough(new TextEncoderStream()),
    mediaType: 'application/x-ndjson',
  });
}

/** Sends one notification to 1,000 people on Teams and waits for its end. */
export async function notifyEverybody({ client, botId }: World, progress: Progress): Promise<JobStatus> {
  const job = await client.notify({
    botId,
    body: {
      channel: 'msteams',
      userIdentityType: 'resolve',
      message: { type: 'text', val: 'The canteen opens at noon today. Soup is on the house.' },
      identities: sampleAudience(),
    },
  });
  return watchUntilDone({ client, botId, requestId: job._id, progress });
}
