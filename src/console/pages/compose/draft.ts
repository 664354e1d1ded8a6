import { freshKey } from '../../../client/fresh-key.ts';
import type { FallBackCause } from '../../../model/fall-back.ts';
import type { Parameters } from '../../../model/message.ts';
import type { Lane } from '../../../model/notification.ts';
import { forget, recall, remember } from '../../parts/memory.ts';
import type { MessageDraft } from '../../parts/message/forms.ts';

/** A notification while it is being written: what the fields hold, right or not. */
export interface Draft {
  /** What every attempt to launch it carries, so that the server makes one notification of them all. */
  readonly key: string;
  readonly audience: AudienceDraft;
  readonly deduplicate: boolean;
  /** In the order in which they are tried. */
  readonly channels: readonly ChannelDraft[];
  readonly says: 'message' | 'template';
  /** On all channels that have no words of their own. */
  readonly text: string;
  readonly template: { readonly name: string; readonly version: number | null };
  readonly parameters: Parameters;
  readonly category: string;
  readonly overridePreferences: string;
  /** Empty: as the number of recipients suggests. */
  readonly priority: Lane | '';
  readonly timing: TimingDraft;
  readonly canary: CanaryDraft | null;
  readonly pauseWhen: { readonly failurePercent: string; readonly after: string } | null;
}

export interface AudienceDraft {
  readonly from: 'pasted' | 'file' | 'directory';
  readonly pasted: string;
  /** The file itself is not kept: a browser lets nobody open it again by its name. */
  readonly file: { readonly name: string; readonly size: number } | null;
  readonly filter: FilterDraft;
  readonly exclude: ExclusionDraft;
}

/** Lists are parted by commas. */
export interface FilterDraft {
  readonly everybody: boolean;
  readonly any: string;
  readonly all: string;
  readonly none: string;
  readonly locale: string;
  /** `country = DE, AT`, one a line. */
  readonly attributes: string;
}

export interface ExclusionDraft {
  readonly identities: string;
  readonly tags: string;
  readonly notifications: string;
}

export interface ChannelDraft {
  readonly connectionId: string;
  /** Null: the text of all. */
  readonly own: MessageDraft | null;
  readonly on: readonly FallBackCause[];
  readonly receiptMinutes: string;
  readonly onUnknown: boolean;
}

export interface TimingDraft {
  /** As `datetime-local` has it, by the clock of this browser; empty: at once. */
  readonly sendAt: string;
  readonly expiresAt: string;
  readonly window: HoursDraft | null;
  readonly quietHours: HoursDraft | null;
  readonly overrideQuietHours: string;
}

export interface HoursDraft {
  readonly days: readonly string[];
  readonly from: string;
  readonly until: string;
  readonly timeZone: string;
}

export interface CanaryDraft {
  readonly first: string;
  readonly maxFailurePercent: string;
  readonly next: 'continue' | 'pause';
}

const emptyDraft = (): Draft => ({
  key: freshKey(),
  audience: {
    from: 'pasted',
    pasted: '',
    file: null,
    filter: { everybody: false, any: '', all: '', none: '', locale: '', attributes: '' },
    exclude: { identities: '', tags: '', notifications: '' },
  },
  deduplicate: true,
  channels: [],
  says: 'message',
  text: '',
  template: { name: '', version: null },
  parameters: {},
  category: '',
  overridePreferences: '',
  priority: '',
  timing: { sendAt: '', expiresAt: '', window: null, quietHours: null, overrideQuietHours: '' },
  canary: null,
  pauseWhen: null,
});

export const newChannel = (connectionId: string): ChannelDraft => ({
  connectionId,
  own: null,
  on: ['failure', 'no_address'],
  receiptMinutes: '10',
  onUnknown: false,
});

/** Another one whenever a draft has another shape: what an older console kept is then no draft. */
const SHAPE = 1;
const memoryKey = (botId: string): string => `draft.${SHAPE}.${botId}`;

/** What this browser kept; else nothing written yet. */
export function recallDraft(botId: string): Draft {
  try {
    const kept: Draft | null = JSON.parse(recall(memoryKey(botId)) ?? 'null');
    return kept ?? emptyDraft();
  } catch {
    return emptyDraft();
  }
}

const attemptKey = (botId: string): string => `attempt.${botId}`;

/** What was launched last and may have been, though its answer was lost: the id of a plan, or the key of the draft. */
export const recallAttempt = (botId: string): string | null => recall(attemptKey(botId));
export const keepAttempt = (botId: string, attempt: string): void => remember(attemptKey(botId), attempt);
export const dropAttempt = (botId: string): void => forget(attemptKey(botId));

export const keepDraft = (botId: string, draft: Draft): void => remember(memoryKey(botId), JSON.stringify(draft));

/** It was launched, or is not wanted. */
export function dropDraft(botId: string): Draft {
  forget(memoryKey(botId));
  dropAttempt(botId);
  return emptyDraft();
}
