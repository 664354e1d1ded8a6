import { TextField } from '@radix-ui/themes';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useSteering } from '../../data/steering.ts';
import { Field } from '../../parts/field.tsx';
import { formatMoment, plural } from '../../parts/format.ts';
import { toLocal } from '../../parts/local-time.ts';
import { Modal, ModalFoot } from '../../parts/modal.tsx';
import { refusalOf } from '../../parts/states.tsx';
import { useToasts } from '../../parts/toasts.tsx';
import type { SteeringDialogProps } from './actions.tsx';

const HOUR_MS = 3_600_000;

/** Gives it more time. Of its deadline and the new one the later counts. */
export function ExtendDialog({ notification, onClose }: SteeringDialogProps) {
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
  return (
    <Modal title="Extend its time" maxWidth="440px" onClose={onClose}>
      <form onSubmit={submit} className="form">
        <p className="dialog-text">
          It expires {formatMoment(expiresAt)}; {plural(counts.pending, 'recipient')} have not come to their end.
        </p>
        <Field label="Try until" hint="By your own clock." error={refusalOf(run.error)}>
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
        <ModalFoot verb="Extend" isReady={until !== ''} isPending={run.isPending} onLeave={onClose} />
      </form>
    </Modal>
  );
}
