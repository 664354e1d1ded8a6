import type { Busy, Failed, Rejected } from '../../model/outcome.ts';

/** What the relay was answering. */
export type Step = 'session' | 'login' | 'sender' | 'recipient' | 'mail';

/** A reply of 400 or more. `enhanced` is its RFC 3463 status, `5.1.1`. */
export interface Reply {
  readonly step: Step;
  readonly code: number;
  readonly enhanced: string | null;
  /** The reply's own words, code and all; '' when they are not known. */
  readonly text: string;
}

/** What a reply means, but for the words. `policy`: it depends on whether others meet the same. */
export type Verdict = Judged | 'policy';
export type Judged =
  | Pick<Rejected, 'kind' | 'scope' | 'reason' | 'forgetAddress' | 'silence'>
  | Omit<Busy, 'detail'>
  | Retried;
type Retried = Omit<Failed, 'detail'>;

/** SMTP has no Retry-After. Greylisting wants minutes between attempts, and its first retry no sooner than this. */
const RETRY_FLOOR_MS = 60_000;
const RELAY_PAUSE_MS = 30_000;

const RELAY_BUSY: Verdict = { kind: 'busy', scope: 'connection', retryAfterMs: RELAY_PAUSE_MS };
const RECIPIENT_BUSY: Verdict = { kind: 'busy', scope: 'recipient', retryAfterMs: RETRY_FLOOR_MS };
const LATER: Verdict = { kind: 'failed', reason: 'provider_error', retryAfterMs: RETRY_FLOOR_MS };
const NO_SERVICE: Verdict = { kind: 'rejected', scope: 'connection', reason: 'connection_refused' };
const TOO_LARGE: Verdict = { kind: 'rejected', scope: 'message', reason: 'message_too_large' };
const INVALID: Verdict = { kind: 'rejected', scope: 'message', reason: 'message_invalid' };
const GONE = { kind: 'rejected', scope: 'recipient', reason: 'address_gone', forgetAddress: true } as const;
const DEAD: Verdict = { ...GONE, silence: 'address_dead' };
const REFUSED: Verdict = { kind: 'rejected', scope: 'recipient', reason: 'unreachable_recipient' };

interface Rule {
  readonly steps?: readonly Step[];
  readonly codes?: RegExp;
  readonly enhanced?: RegExp;
  readonly words?: RegExp;
  readonly verdict: Verdict;
}

/**
 * Without a status, the words alone tell a relay that does not serve us (`550 relay not permitted`) from a mailbox that is
 * not there. Taking the one for the other would silence everybody.
 */
const POLICY_WORDS =
  /\b(?:relay\w*|denied|polic(?:y|ies)|spam\w*|block\w*|\w*listed|reputation|authenticat\w*|SPF|DKIM|DMARC|RBL|DNSBL|rate|HELO|EHLO|rDNS|PTR)\b/i;

/** The first that fits decides. The enhanced status says more than the code, so it is asked first. */
const RULES: readonly Rule[] = [
  { codes: /^421/, verdict: RELAY_BUSY },
  { enhanced: /^4\.(?:3\.2|4\.\d+)$/, verdict: RELAY_BUSY },
  { codes: /^4/, steps: ['login'], verdict: LATER },
  { enhanced: /^4\.(?:7\.0|7\.28|2\.1)$/, verdict: RECIPIENT_BUSY },
  { codes: /^4/, verdict: LATER },

  { codes: /^53[0458]/, verdict: NO_SERVICE },
  { enhanced: /^5\.7\.8$/, verdict: NO_SERVICE },
  { enhanced: /^5\.1\.[78]$/, verdict: NO_SERVICE }, // the sender's address, not the recipient's
  { enhanced: /^5\.3\.4$/, verdict: TOO_LARGE },
  { enhanced: /^5\.6\.\d+$/, verdict: INVALID },
  { codes: /^555/, steps: ['recipient', 'mail'], verdict: INVALID },
  { codes: /^552/, steps: ['sender'], verdict: TOO_LARGE },
  { codes: /^5/, steps: ['session', 'login', 'sender'], verdict: NO_SERVICE },

  { enhanced: /^5\.2\.1$/, verdict: DEAD },
  { enhanced: /^5\.1\.\d+$/, verdict: DEAD },
  { enhanced: /^5\.2\.\d+$/, verdict: REFUSED }, // full, or it takes no mail this large: the person is still there
  { enhanced: /^5\.7\.\d+$/, verdict: 'policy' },
  { codes: /^55[0136]/, enhanced: /^$/, words: POLICY_WORDS, steps: ['recipient'], verdict: 'policy' },
  { codes: /^55[0136]/, enhanced: /^$/, steps: ['recipient'], verdict: DEAD },
  // Of another class than addresses (550 5.4.1): refused for good, but by rules that may change.
  { codes: /^55[0136]/, steps: ['recipient'], verdict: GONE },
  { codes: /^501/, steps: ['recipient'], verdict: REFUSED },
  { codes: /^50[0-4]/, verdict: NO_SERVICE },
  { codes: /^5/, verdict: REFUSED },
];

/** The class of a reply, as `channels` documents it for SMTP. */
export function judgeReply({ step, code, enhanced, text }: Reply): Verdict {
  const fits = (rule: Rule) =>
    (rule.steps?.includes(step) ?? true) &&
    (rule.codes?.test(String(code)) ?? true) &&
    (rule.enhanced?.test(enhanced ?? '') ?? true) &&
    (rule.words?.test(text) ?? true);
  return RULES.find(fits)?.verdict ?? REFUSED;
}

/** As many recipients in a row, and it is not about them any more. */
const REPEATED = 5;

/**
 * A refusal by policy may be meant for one recipient (a closed list) or for all of us (a blocked IP, SPF, DMARC). It is
 * taken for the latter once different recipients in a row met it and nobody else got through.
 */
export class PolicyRefusals {
  readonly #recipients = new Set<string>();

  judge(recipient: string): Judged {
    if (this.#recipients.size < REPEATED) this.#recipients.add(recipient);
    return this.#recipients.size < REPEATED ? REFUSED_BY_POLICY : NO_SERVICE_BY_POLICY;
  }

  /** Somebody got through. */
  clear(): void {
    this.#recipients.clear();
  }
}

const REFUSED_BY_POLICY: Judged = { kind: 'rejected', scope: 'recipient', reason: 'unreachable_recipient' };
const NO_SERVICE_BY_POLICY: Judged = { kind: 'rejected', scope: 'connection', reason: 'connection_refused' };
