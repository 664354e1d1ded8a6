import type { Command } from 'commander';
import type { SendBody } from '../client/send-documents.ts';
import { CommandFailure, EXIT } from './exit.ts';

/** By which rules it is sent, and who is told. */
export interface RuleFlags {
  readonly canary?: string;
  readonly pauseWhen?: string;
  readonly callback?: string;
}

export function addRules(command: Command): Command {
  return command
    .option(
      '--canary <first>',
      'the first so many go ahead: 500, or 10% of a list; 500:pause waits for a resume after them',
    )
    .option('--pause-when <share>', 'pause it when more fail: 20%, or 20%/500 once so many have come to an end')
    .option('--callback <connection>', 'tell a webhook connection how far it is');
}

/** What the flags ask of a native send. Throws the sentence for what cannot be read. */
export function readRuleFlags(flags: RuleFlags): Pick<SendBody, 'canary' | 'pauseWhen' | 'callback'> {
  const { canary, pauseWhen, callback } = flags;
  return {
    ...(canary !== undefined && { canary: readCanary(canary) }),
    ...(pauseWhen !== undefined && { pauseWhen: readPause(pauseWhen) }),
    ...(callback !== undefined && { callback: { connection: callback } }),
  };
}

function readCanary(text: string): NonNullable<SendBody['canary']> {
  const [, number, percent, next] = /^(\d+(?:\.\d+)?)(%)?(?::(pause|continue))?$/.exec(text) ?? [];
  const count = Number(number);
  if (number === undefined || (percent === undefined && !Number.isInteger(count))) {
    throw new CommandFailure(`--canary: "${text}" is none; write 500, 10% or 500:pause.`, EXIT.usage);
  }
  const then = next === undefined ? {} : { next: next === 'pause' ? ('pause' as const) : ('continue' as const) };
  return percent === undefined ? { first: count, ...then } : { share: count / 100, ...then };
}

function readPause(text: string): NonNullable<SendBody['pauseWhen']> {
  const [, percent, after] = /^(\d+(?:\.\d+)?)%(?:\/(\d+))?$/.exec(text) ?? [];
  if (percent === undefined) {
    throw new CommandFailure(`--pause-when: "${text}" is no share; write 20%, or 20%/500.`, EXIT.usage);
  }
  return { failureShare: Number(percent) / 100, ...(after !== undefined && { after: Number(after) }) };
}
