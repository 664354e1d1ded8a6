/** Why a script wrote no message for a recipient. */
export interface ScriptFault {
  readonly kind: FaultKind;
  /** Of the script, from 1; null where nobody can tell. */
  readonly line: number | null;
  /** A short clause, printable, without the values the script worked on except what it threw itself. */
  readonly reason: string;
}

/**
 * `syntax`: it does not compile; `thrown`: it threw; `time`: it was stopped; `memory`: it needed more than it may;
 * `output`: what it printed cannot be sent; `context`: there is too much to say of the recipient; `disabled`: it was
 * stopped too often; `sandbox`: our own trouble.
 */
export type FaultKind = 'syntax' | 'thrown' | 'time' | 'memory' | 'output' | 'context' | 'disabled' | 'sandbox';

/** What one recipient's rendering came to: the text the script printed, or why there is none. */
export type Rendering =
  | { readonly ok: true; readonly output: string }
  | { readonly ok: false; readonly fault: ScriptFault };

export function faulty(kind: FaultKind, line: number | null, reason: string): Rendering {
  return { ok: false, fault: { kind, line, reason } };
}

const MAX_CHARS = 256;

/** `line 3: ReferenceError: foo is not defined`, in at most 256 printable characters. */
export function describeFault({ line, reason }: ScriptFault): string {
  const text = line === null ? reason : `line ${line}: ${reason}`;
  const printable = text.replace(/[\p{C}\p{Z}]+/gu, ' ').trim();
  return printable.length <= MAX_CHARS
    ? printable
    : `${printable.slice(0, MAX_CHARS - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
