/** How a command ends. The numbers are those of sysexits.h where it has one; `--help` lists them. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  unavailable: 69,
  tryLater: 75,
  configuration: 78,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_HELP = `Exit codes:
  0   done
  1   it went wrong, or not everything that was asked for succeeded
  2   the command line is wrong
  69  something needed cannot be reached or used: database, port, server
  75  not now: try again later
  78  the configuration is wrong; starting again will not help`;

/** Ends a command with one sentence for a person and a code for a script. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: ExitCode;

  constructor(sentence: string, exitCode: ExitCode) {
    super(sentence);
    this.exitCode = exitCode;
  }
}
