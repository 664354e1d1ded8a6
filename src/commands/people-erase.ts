import type { Command } from 'commander';
import type { Erasure } from '../client/people-documents.ts';
import { openTarget, type TargetOptions } from './target.ts';

export interface EraseOptions extends TargetOptions {
  readonly jsonOutput?: boolean;
}

const ASK_EVERY_MS = 1_000;

/** Erases somebody and stays until nothing of them is left. */
export async function erasePerson(command: Command, person: string, options: EraseOptions): Promise<void> {
  const { client, botId } = await openTarget(command, options);
  let erasure: Erasure = await client.erasures.begin({ botId, person });
  while (!erasure.isComplete) {
    console.error(`Erasing as ${erasure.id}: ${erasure.looked} places looked at`);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    erasure = await client.erasures.get({ botId, erasureId: erasure.id });
  }
  console.log(options.jsonOutput ? JSON.stringify(erasure, null, 2) : describe(erasure));
}

const describe = ({ id, looked, erased }: Erasure): string =>
  `Erased as ${id}: ${erased} places named them, of ${looked} that were looked at.`;
