import type { ConnectionState } from '../../../client/connections.ts';
import type { HoursBody, OpenBody, SendChannel, SendMessage } from '../../../client/send-documents.ts';
import { writeMessage } from '../../parts/message/write-message.ts';
import type { Problem, Problems } from '../../parts/problems.ts';
import { readExclusion } from './audience.ts';
import type { CanaryDraft, ChannelDraft, Draft, HoursDraft, TimingDraft } from './draft.ts';

/** What a notification says, to whomever. */
export type Words = Omit<OpenBody, 'audience'>;

export type Written = { readonly words: Words } | { readonly problems: Problems };

/** The call that a draft is, or what keeps it from being one. What else may be wrong the server says. */
export function writeDraft(draft: Draft, connections: readonly ConnectionState[]): Written {
  const problems: Problem[] = [];
  const exclude = readExclusion(draft.audience.exclude);
  const words: Words = {
    ...says(draft, connections, problems),
    deduplicate: draft.deduplicate,
    ...(exclude && { exclude }),
    ...(draft.category.trim() !== '' && { category: draft.category.trim() }),
    ...(draft.overridePreferences.trim() !== '' && {
      overridePreferences: { reason: draft.overridePreferences.trim() },
    }),
    ...(draft.priority !== '' && { priority: draft.priority }),
    ...timing(draft.timing),
    ...(draft.canary && { canary: canary(draft.canary) }),
    ...(draft.pauseWhen && {
      pauseWhen: { failureShare: share(draft.pauseWhen.failurePercent), after: Number(draft.pauseWhen.after) },
    }),
  };
  return problems.length === 0 ? { words } : { problems };
}

/** The same on one of its channels alone and at once, for a preview. */
export const writeChannel = (draft: Draft, channel: ChannelDraft, connections: readonly ConnectionState[]): Written =>
  writeDraft(
    { ...draft, ...ALONE, audience: { ...draft.audience, exclude: NOBODY_LEFT_OUT }, channels: [channel] },
    connections,
  );

const NOBODY_LEFT_OUT = { identities: '', tags: '', notifications: '' };
const NO_TIMING: TimingDraft = { sendAt: '', expiresAt: '', window: null, quietHours: null, overrideQuietHours: '' };
const ALONE = { canary: null, pauseWhen: null, timing: NO_TIMING };

function says(draft: Draft, connections: readonly ConnectionState[], problems: Problem[]): Partial<Words> {
  const { template, parameters, text } = draft;
  if (draft.channels.length === 0) problems.push({ pointer: '/channels', sentence: 'choose at least one channel' });
  if (draft.says === 'template') {
    if (template.name === '') problems.push({ pointer: '/template', sentence: 'choose a template' });
    const { name, version } = template;
    return {
      channels: draft.channels.map((channel, index) => routeOf(channel, index, connections)),
      template: { name, ...(version !== null && { version }) },
      ...named(parameters),
    };
  }
  const own = draft.channels.map(({ own: said }, index) =>
    said === null ? null : writeMessage(said, `/channels/${index}/message`, problems),
  );
  const ofAll: SendMessage | null = own.includes(null) ? { type: 'text', val: text } : (own[0] ?? null);
  if (own.includes(null) && text.trim() === '')
    problems.push({ pointer: '/message', sentence: 'write what is to be said' });
  return {
    channels: draft.channels.map((channel, index) => {
      const message = own[index] ?? null;
      return { ...routeOf(channel, index, connections), ...(message !== null && { message }) };
    }),
    ...(ofAll !== null && { message: ofAll }),
    ...named(parameters),
  };
}

const named = (parameters: Draft['parameters']): Partial<Words> =>
  Object.keys(parameters).length === 0 ? {} : { parameters };

/** Where it goes, and of the channels after the first when. */
function routeOf(
  { connectionId, on, receiptMinutes, onUnknown }: ChannelDraft,
  index: number,
  connections: readonly ConnectionState[],
): SendChannel {
  const channel = connections.find(({ id }) => id === connectionId)?.channel ?? '';
  if (index === 0) return { channel, connection: connectionId };
  return {
    channel,
    connection: connectionId,
    on,
    ...(on.includes('no_receipt') && { receiptWithin: `PT${receiptMinutes}M` }),
    ...(onUnknown && { onUnknown }),
  };
}

function timing({ sendAt, expiresAt, window, quietHours, overrideQuietHours }: TimingDraft): Partial<Words> {
  return {
    ...(sendAt !== '' && { sendAt: new Date(sendAt).toISOString() }),
    ...(expiresAt !== '' && { expiresAt: new Date(expiresAt).toISOString() }),
    ...(window && { window: hours(window) }),
    ...(quietHours && { quietHours: hours(quietHours) }),
    ...(overrideQuietHours.trim() !== '' && { overrideQuietHours: { reason: overrideQuietHours.trim() } }),
  };
}

const hours = ({ days, from, until, timeZone }: HoursDraft): HoursBody => ({
  ...(days.length > 0 && days.length < 7 && { days: days as NonNullable<HoursBody['days']> }),
  from,
  until,
  timeZone,
});

const canary = ({ first, maxFailurePercent, next }: CanaryDraft): NonNullable<Words['canary']> => ({
  ...(first.trim().endsWith('%') ? { share: share(first) } : { first: Number(first) }),
  maxFailureShare: share(maxFailurePercent),
  next,
});

/** 5 and 5 % are 0.05. */
const share = (percent: string): number => Number(percent.replace('%', '').trim()) / 100;
