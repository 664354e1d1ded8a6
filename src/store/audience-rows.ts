import type { AudiencePlan } from '../model/audience.ts';
import type { AskedNotification, Audience } from './port/audiences.ts';
import type { NotificationKey } from './port/notifications.ts';
import { execute, int, type Row, type Steps, text } from './steps.ts';

/**
 * `receiving`: chunks are uploaded · `excluding`: those who are left out are being written down · `collecting`: who fits is
 * looked for · `planned`: all are there, and nobody has launched it · `empty`: nobody did · `dropping`, `clearing`: it is thrown away, or was sealed, and goes step by step.
 */
export type AudienceState = Audience['state'] | 'dropping' | 'clearing';

/** In SQL. */
export const UNSEALED = "'receiving', 'excluding', 'collecting', 'planned'";

/** An audience as it is stored; `progress` is its state's own. */
export interface StoredAudience extends NotificationKey {
  readonly state: AudienceState;
  readonly asked: AskedNotification;
  readonly plan: StoredPlan;
  readonly recipients: number;
  readonly suppressed: number;
  readonly excluded: number;
  readonly progress: string;
}

/** With when it is thrown away if nobody seals it. */
export type StoredPlan = AudiencePlan & { readonly endsAt: number };

export const AUDIENCE = 'bot_id, id, state, asked, plan, recipients, suppressed, excluded, progress, due_at';

// `asked` and `plan` are written by `openAudience` only.
export const storedAudience = (row: Row): StoredAudience => ({
  botId: text(row, 'bot_id'),
  notificationId: text(row, 'id'),
  state: text(row, 'state') as AudienceState,
  asked: JSON.parse(text(row, 'asked')),
  // One from before it was kept is thrown away when it is due.
  plan: { endsAt: int(row, 'due_at'), ...JSON.parse(text(row, 'plan')) },
  recipients: int(row, 'recipients'),
  suppressed: int(row, 'suppressed'),
  excluded: int(row, 'excluded'),
  progress: text(row, 'progress'),
});

export interface NextStep {
  readonly state: AudienceState;
  readonly progress?: string;
  /** When it is due. */
  readonly at: number;
}

export function* move({ botId, notificationId }: NotificationKey, { state, progress = '', at }: NextStep): Steps<void> {
  yield* execute(
    'UPDATE audiences SET state = $3, progress = $4, due_at = $5 WHERE bot_id = $1 AND id = $2',
    botId,
    notificationId,
    state,
    progress,
    at,
  );
}

/** What follows once it is known who is left out. */
export const gathering = ({ from, endsAt }: StoredPlan, at: number): NextStep =>
  from === undefined ? { state: 'receiving', at: endsAt } : { state: 'collecting', at };
