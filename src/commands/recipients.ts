import { text as textOf } from 'node:stream/consumers';
import { readText } from '../config/files.ts';
import { CommandFailure, EXIT } from './exit.ts';

const MOST_PER_CALL = 1000;

/** The recipients of `--to a,b` and of `--to-file`, in order. Rejects with the sentence for none and for too many. */
export async function readRecipients(options: { readonly to?: string; readonly toFile?: string }): Promise<string[]> {
  const listed = (options.to ?? '').split(',');
  const filed = options.toFile === undefined ? [] : (await readInput(options.toFile, '--to-file')).split('\n');
  const recipients = [...listed, ...filed].map((text) => text.trim()).filter((text) => text !== '');
  if (recipients.length === 0) throw new CommandFailure('To whom? Give --to a@b,c@d or --to-file <file>.', EXIT.usage);
  if (recipients.length <= MOST_PER_CALL) return recipients;
  const sentence = `${recipients.length} recipients are too many: one call takes ${MOST_PER_CALL}; split the list.`;
  throw new CommandFailure(sentence, EXIT.usage);
}

/** The text of a file the command line names; `-` is standard input. */
export async function readInput(path: string, flag: string): Promise<string> {
  if (path === '-') return textOf(process.stdin);
  const text = readText(path);
  if ('fault' in text) throw new CommandFailure(`${flag}: ${text.fault}`, EXIT.usage);
  return text.value;
}
