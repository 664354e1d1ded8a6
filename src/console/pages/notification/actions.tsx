import { AlertDialog, Button, DropdownMenu } from '@radix-ui/themes';
import { useState } from 'react';
import type { Notification } from '../../../client/notification-documents.ts';
import { useBotPath } from '../../data/bot.tsx';
import { isRunning } from '../../data/notifications.ts';
import { useMay } from '../../data/session.tsx';
import { useSteering } from '../../data/steering.ts';
import { useConfirm } from '../../parts/confirm.tsx';
import { plural } from '../../parts/format.ts';
import { useToasts } from '../../parts/toasts.tsx';
import { AmendmentLink } from './amendment-link.tsx';
import { EditDialog } from './edit-dialog.tsx';
import { ExtendDialog } from './extend-dialog.tsx';
import { Numbers } from './numbers.tsx';
import { RescheduleDialog } from './reschedule-dialog.tsx';
import { RetryDialog } from './retry-dialog.tsx';

/** What a dialog about one of them gets. */
export interface SteeringDialogProps {
  readonly notification: Notification;
  readonly onClose: () => void;
}

const DIALOGS = { retry: RetryDialog, extend: ExtendDialog, reschedule: RescheduleDialog, edit: EditDialog } as const;

/** What can be done about it, as it stands. Whatever cannot be taken back is asked for first, with its numbers. */
export function Actions({ notification }: { readonly notification: Notification }) {
  const maySend = useMay('sender');
  const [open, setOpen] = useState<keyof typeof DIALOGS | null>(null);
  const steering = useSteering(notification.id);
  const confirm = useConfirm();
  const to = useBotPath();
  const toasts = useToasts();
  if (!maySend) return null;
  const { counts, state } = notification;
  const Dialog = open === null ? null : DIALOGS[open];
  const canGoOn = isRunning(notification) && !['cancelled', 'receiving', 'collecting', 'planned'].includes(state);
  const canRetry = !isRunning(notification) && counts.total > counts.delivered && state !== 'cancelled';
  const resume = () =>
    steering
      .resume()
      .then(
        ({ waiting }) => toasts.done('Resumed', `${plural(waiting, 'recipient')} are being sent it.`),
        toasts.failed,
      );
  return (
    <>
      {canGoOn && state === 'paused' && <Button onClick={resume}>Resume</Button>}
      {canGoOn && state !== 'paused' && (
        <Button variant="soft" color="gray" onClick={() => confirm(askPause(notification, steering))}>
          Pause
        </Button>
      )}
      {canRetry && <Button onClick={() => setOpen('retry')}>Send again…</Button>}
      {(canGoOn || counts.delivered > 0) && (
        <DropdownMenu.Root>
          <DropdownMenu.Trigger>
            <Button variant="soft" color="gray">
              More
              <DropdownMenu.TriggerIcon />
            </Button>
          </DropdownMenu.Trigger>
          <DropdownMenu.Content align="end">
            {state === 'scheduled' && (
              <DropdownMenu.Item onSelect={() => setOpen('reschedule')}>Send it at another time…</DropdownMenu.Item>
            )}
            {canGoOn && <DropdownMenu.Item onSelect={() => setOpen('extend')}>Extend its time…</DropdownMenu.Item>}
            {counts.delivered > 0 && (
              <DropdownMenu.Item onSelect={() => setOpen('edit')}>Change the message…</DropdownMenu.Item>
            )}
            {counts.delivered > 0 && (
              <DropdownMenu.Item color="red" onSelect={() => confirm(askRecall(notification, steering, to))}>
                Take it back…
              </DropdownMenu.Item>
            )}
            {canGoOn && (
              <DropdownMenu.Item color="red" onSelect={() => confirm(askCancel(notification, steering))}>
                Cancel…
              </DropdownMenu.Item>
            )}
          </DropdownMenu.Content>
        </DropdownMenu.Root>
      )}
      {Dialog !== null && <Dialog notification={notification} onClose={() => setOpen(null)} />}
    </>
  );
}

type Steering = ReturnType<typeof useSteering>;

const askPause = ({ counts }: Notification, { pause }: Steering) => ({
  title: 'Pause this notification?',
  verb: 'Pause',
  children: (
    <>
      Nobody more is sent it until it is resumed. <strong>{plural(counts.pending, 'recipient')}</strong> have not come
      to their end; those who are being sent it this moment may still get it. It expires as before.
    </>
  ),
  run: async () => {
    const { waiting, inFlight, alreadyFinal } = await pause();
    return (
      <Numbers
        rows={[
          ['wait until it is resumed', waiting],
          ['were being sent it just then, and may get it', inFlight],
          ['had come to their end before', alreadyFinal],
        ]}
      >
        It is paused.
      </Numbers>
    );
  },
});

const askCancel = ({ counts }: Notification, { cancel }: Steering) => ({
  title: 'Cancel this notification?',
  verb: 'Cancel it for good',
  isDestructive: true,
  children: (
    <>
      <strong>{plural(counts.pending, 'recipient')}</strong> who have not been sent it never will be. Those who have it
      keep it. This cannot be undone; to go on later, pause it instead.
    </>
  ),
  run: async () => {
    const { cancelled, inFlight, alreadyFinal } = await cancel();
    return (
      <Numbers
        rows={[
          ['are not sent it any more', cancelled],
          ['were being sent it just then, and may get it', inFlight],
          ['had come to their end before', alreadyFinal],
        ]}
      >
        It is cancelled.
      </Numbers>
    );
  },
});

const askRecall = ({ counts }: Notification, { recall }: Steering, to: (page: string) => string) => ({
  title: 'Take this message back?',
  verb: 'Take it back',
  isDestructive: true,
  children: (
    <>
      The message is removed from <strong>{plural(counts.delivered, 'recipient')}</strong> who have it, as far as their
      channel takes messages back: Teams, Slack and Google Chat do. Whoever has read it has read it. It is a
      notification of its own, which can be watched.
    </>
  ),
  run: async () => {
    const { recipients, cannot, recallId } = await recall();
    return (
      <Numbers
        rows={[
          ['have it taken back now', recipients],
          ['have it by a channel that takes nothing back', cannot],
        ]}
      >
        {recallId === null ? (
          'There was nobody to take it back from.'
        ) : (
          <>
            It is being taken back.{' '}
            <AlertDialog.Cancel>
              <AmendmentLink href={to(`notifications/${recallId}`)} />
            </AlertDialog.Cancel>
          </>
        )}
      </Numbers>
    );
  },
});
