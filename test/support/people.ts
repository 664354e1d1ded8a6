import { Readable } from 'node:stream';
import type { KnownChannel } from '../../src/directory/parse-person.ts';

/** Test material: two channels, of which the second has named connections, and text as a stream. */
const CHANNELS: readonly (KnownChannel & { readonly aliases: readonly string[] })[] = [
  { id: 'msteams', aliases: ['teams'], named: false },
  { id: 'ivr', aliases: ['webhook'], named: true },
];

export function findSampleChannel(spelling: string): KnownChannel | null {
  return CHANNELS.find((channel) => channel.id === spelling || channel.aliases.includes(spelling)) ?? null;
}

/** The text as UTF-8 in chunks of `size` bytes, so that lines and characters are cut anywhere. */
export function bytesOf(text: string | Buffer, size = 7): Readable {
  const bytes = Buffer.from(text);
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
  return Readable.from(chunks);
}

/** All lines that come out of `readPeople`. */
export async function gather<T>(groups: AsyncIterable<readonly T[]>): Promise<T[]> {
  return (await Array.fromAsync(groups)).flat();
}
