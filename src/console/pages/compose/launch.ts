import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { ClientError } from '../../../client/client-error.ts';
import type { Notification } from '../../../client/notification-documents.ts';
import type { SendBody } from '../../../client/send-documents.ts';
import { useBotId } from '../../data/bot.tsx';
import { useClient } from '../../data/client.tsx';
import { type Audience, MAX_IN_CALL, type Named } from './audience.ts';
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

  const run = async ({ key: idempotencyKey, words, audience }: Asked, signal: AbortSignal) => {
    const listed = recipientsOf(audience);
    if (!('file' in listed)) {
      setLaunching({ at: 'sending' });
      return client.notifications.send({ botId, body: { ...words, recipients: listed }, idempotencyKey, signal });
    }
    const { file, format, recipients: of } = listed;
    const showing = (share: number, recipients: number) => setLaunching({ at: 'uploading', share, recipients, of });
    showing(0, 0);
    const body = { ...words, audience: { upload: true } } as const;
    const { id: notificationId, state } = await client.audience.open({ botId, body, idempotencyKey, signal });
    // It was launched before, and the answer was lost.
    if (state !== 'receiving') return client.notification({ botId, notificationId, signal });
    const uploaded = await uploadRecipients(client, { file, format, botId, notificationId, signal, tell: showing });
    return client.audience.seal({ botId, notificationId, ...uploaded, signal });
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
      setLaunching(ended.signal.aborted ? { at: 'stopped' } : { at: 'refused', error });
    } finally {
      running.current = null;
    }
  };
  return { launching, launch, stop: () => running.current?.abort() };
}

/** What a call says, or the file that is uploaded. */
function recipientsOf(
  audience: Audience,
): SendBody['recipients'] | Pick<RecipientsFile, 'file' | 'format' | 'recipients'> {
  if (audience.from === 'directory') return { filter: audience.filter };
  if (audience.from === 'file') return audience.file ?? [];
  return audience.sample.length <= MAX_IN_CALL ? audience.sample : asFile(audience.sample);
}

/** Of a longer list than one call takes. */
function asFile(named: readonly Named[]): Pick<RecipientsFile, 'file' | 'format' | 'recipients'> {
  const lines = named.map((one) => `${JSON.stringify(one)}\n`);
  return { file: new File(lines, 'pasted.ndjson'), format: 'ndjson', recipients: named.length };
}

/** The key of the draft was used for other words: it was launched before they were changed, and the answer was lost. */
export const isSentDifferently = (error: unknown): boolean =>
  error instanceof ClientError && error.code === 'idempotency_key_reused';
