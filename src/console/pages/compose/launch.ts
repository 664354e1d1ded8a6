import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { ClientError } from '../../../client/client-error.ts';
import type { Notification } from '../../../client/notification-documents.ts';
import { useBotId } from '../../data/bot.tsx';
import { isStatus, useClient } from '../../data/client.tsx';
import { type Audience, inOneCall, type Named } from './audience.ts';
import { dropAttempt, keepAttempt, recallAttempt } from './draft.ts';
import type { Words } from './draft-body.ts';
import { type RecipientsFile, uploadRecipients } from './recipients-file.ts';

export type Launching =
  | { readonly at: 'ground' }
  | { readonly at: 'sending' }
  | { readonly at: 'uploading'; readonly share: number; readonly recipients: number; readonly of: number }
  | { readonly at: 'stopped' }
  | { readonly at: 'refused'; readonly error: unknown };

export interface Asked {
  readonly key: string;
  readonly words: Words;
  readonly audience: Audience;
  /** What a check has kept, to be launched as it was found; null: as it is written now. */
  readonly planId: string | null;
}

/**
 * Sends what was written. Whatever is pressed twice, however often an answer is lost, and if the page was closed in
 * between: all attempts carry the key of the draft, so they are one notification, and what was uploaded is not again.
 */
export function useLaunch(onLaunched: (notification: Notification) => void) {
  const client = useClient();
  const botId = useBotId();
  const queries = useQueryClient();
  const [launching, setLaunching] = useState<Launching>({ at: 'ground' });
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  const run = async ({ key: idempotencyKey, words, audience, planId }: Asked, signal: AbortSignal) => {
    setLaunching({ at: 'sending' });
    const attempt = planId ?? idempotencyKey;
    const before = recallAttempt(botId);
    const isOtherPlan = before !== null && before !== attempt && before !== idempotencyKey;
    if (isOtherPlan && (await isLaunched(before, signal))) throw new SentBefore();
    keepAttempt(botId, attempt);
    if (planId !== null) return client.notifications.launch({ botId, body: { planId }, signal });
    const recipients = inOneCall(audience);
    if (recipients !== null)
      return client.notifications.send({ botId, body: { ...words, recipients }, idempotencyKey, signal });
    const { file, format, recipients: of } = fileOf(audience);
    const showing = (share: number, recipients: number) => setLaunching({ at: 'uploading', share, recipients, of });
    showing(0, 0);
    const body = { ...words, audience: { upload: true } } as const;
    const { id: notificationId, state } = await client.audience.open({ botId, body, idempotencyKey, signal });
    // It was launched before, and the answer was lost.
    if (state !== 'receiving') return client.notification({ botId, notificationId, signal });
    const uploaded = await uploadRecipients(client, { file, format, botId, notificationId, signal, tell: showing });
    return client.audience.seal({ botId, notificationId, ...uploaded, signal });
  };

  const isLaunched = async (notificationId: string, signal: AbortSignal): Promise<boolean> => {
    try {
      return (await client.notification({ botId, notificationId, signal })).state !== 'planned';
    } catch (error) {
      if (isStatus(error, 404)) return false;
      throw error;
    }
  };

  const launch = async (asked: Asked) => {
    if (running.current !== null) return;
    const ended = new AbortController();
    running.current = ended;
    try {
      const notification = await run(asked, ended.signal);
      await queries.invalidateQueries({ queryKey: ['bots', botId, 'notifications'] });
      onLaunched(notification);
    } catch (error) {
      if (isRefusal(error)) dropAttempt(botId);
      setLaunching(ended.signal.aborted ? { at: 'stopped' } : { at: 'refused', error });
    } finally {
      running.current = null;
    }
  };
  return { launching, launch, stop: () => running.current?.abort() };
}

type Upload = Pick<RecipientsFile, 'file' | 'format' | 'recipients'>;

const fileOf = (audience: Audience): Upload => (audience.from === 'file' && audience.file) || asFile(audience.sample);

/** Of a longer list than one call takes. */
function asFile(named: readonly Named[]): Upload {
  const lines = named.map((one) => `${JSON.stringify(one)}\n`);
  return { file: new File(lines, 'pasted.ndjson'), format: 'ndjson', recipients: named.length };
}

/** A plan of this draft was launched, and its answer was lost; what is to be sent now is not that plan. */
class SentBefore extends Error {
  override readonly name = 'SentBefore';
}

/** The key of the draft was used for other words: it was launched before they were changed, and the answer was lost. */
export const isSentDifferently = (error: unknown): boolean =>
  error instanceof SentBefore || (error instanceof ClientError && error.code === 'idempotency_key_reused');

/** It was not launched, and that is known. */
const isRefusal = (error: unknown): boolean =>
  error instanceof ClientError && error.status !== null && error.status < 500 && !isSentDifferently(error);

/** What was held is held no more, or something it needs is gone: it has to be checked again. */
export const isPlanGone = (launching: Launching): boolean =>
  launching.at === 'refused' &&
  launching.error instanceof ClientError &&
  (launching.error.code === 'plan_unknown' || launching.error.code === 'plan_outdated');
