/** Why something cannot be configured over the API. */
export type RefusalKind = 'invalid' | 'in_file' | 'unknown_bot' | 'unknown_app' | 'unknown_connection' | 'no_key';

/** Nothing was changed. The message names the thing and the fix, and no secret. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly kind: RefusalKind;
  /** The place in the body that is meant (RFC 6901). */
  readonly pointer: string | null;

  constructor(kind: RefusalKind, message: string, pointer: string | null = null) {
    super(message);
    this.kind = kind;
    this.pointer = pointer;
  }
}

/** Where checks of the configuration say `body.limits.perSecond: …`. */
export const BODY = 'body';

/** The first of what a check of the configuration found. */
export function refuseFaults(faults: readonly string[]): void {
  const [first] = faults;
  if (first === undefined) return;
  const [, key = '', sentence = first] = /^body\.?([^: ]*): ([\s\S]*)$/.exec(first) ?? [];
  const pointer = key === '' ? '' : `/${key.replace(/\[(\d+)\]/g, '.$1').replaceAll('.', '/')}`;
  throw new Refused('invalid', `${pointer || 'the body'}: ${sentence.replace(/\.$/, '')}`, pointer);
}
