import { Button, Dialog, Flex, TextField } from '@radix-ui/themes';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { Notification } from '../../../client/notification-documents.ts';
import { useSteering } from '../../data/steering.ts';
import { Field } from '../../parts/field.tsx';
import { formatMoment, plural } from '../../parts/format.ts';
import { explainError } from '../../parts/states.tsx';
import { useToasts } from '../../parts/toasts.tsx';

const HOUR_MS = 3_600_000;

/** Gives it more time. Of its deadline and the new one the later counts. */
export function ExtendDialog({
  notification,
  onClose,
}: {
  readonly notification: Notification;
  readonly onClose: () => void;
}) {
  const { id, expiresAt, counts } = notification;
  const [until, setUntil] = useState(() => toLocal(Date.parse(expiresAt) + HOUR_MS));
  const toasts = useToasts();
  const { extend } = useSteering(id);
  const run = useMutation({
    mutationFn: extend,
    onSuccess: (said) => {
      toasts.done(
        'Extended',
        `It is tried until ${formatMoment(said.expiresAt)} for ${plural(said.pending, 'recipient')}.`,
      );
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run.mutate(new Date(until).toISOString());
  };
  const refusal = run.isError ? explainError(run.error) : null;
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Dialog.Content maxWidth="440px" aria-describedby={undefined}>
        <Dialog.Title size="4">Extend its time</Dialog.Title>
        <form onSubmit={submit} className="form">
          <p className="dialog-text">
            It expires {formatMoment(expiresAt)}; {plural(counts.pending, 'recipient')} have not come to their end.
          </p>
          <Field
            label="Try until"
            hint="By your own clock."
            error={refusal === null ? null : `${refusal.title}. ${refusal.fix}`}
          >
            {(tie) => (
              <TextField.Root
                {...tie}
                type="datetime-local"
                required
                value={until}
                onChange={(event) => setUntil(event.target.value)}
              />
            )}
          </Field>
          <Flex gap="3" justify="end">
            <Button type="button" variant="soft" color="gray" onClick={onClose}>
              Leave it
            </Button>
            <Button type="submit" loading={run.isPending} disabled={until === ''}>
              Extend
            </Button>
          </Flex>
        </form>
      </Dialog.Content>
    </Dialog.Root>
  );
}

/** As `datetime-local` has it: by the clock on the operator's wall. */
function toLocal(at: number): string {
  const offsetMs = new Date(at).getTimezoneOffset() * 60_000;
  return new Date(at - offsetMs).toISOString().slice(0, 16);
}
