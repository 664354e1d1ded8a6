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

/** Gives what has not begun another time. */
export function RescheduleDialog({ notification, onClose }: SteeringDialogProps) {
  const { id, sendAt, counts } = notification;
  const [at, setAt] = useState(() => (sendAt === null ? '' : toLocal(Date.parse(sendAt))));
  const toasts = useToasts();
  const { reschedule } = useSteering(id);
  const run = useMutation({
    mutationFn: reschedule,
    onSuccess: (said) => {
      toasts.done('Rescheduled', said.sendAt === null ? 'It begins at once.' : `For ${formatMoment(said.sendAt)}.`);
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run.mutate(at === '' ? null : new Date(at).toISOString());
  };
  return (
    <Modal title="Send it at another time" maxWidth="440px" onClose={onClose}>
      <form onSubmit={submit} className="form">
        <p className="dialog-text">
          {plural(counts.pending, 'recipient')} wait for it. It expires as long after its new time as it would have
          after the old.
        </p>
        <Field label="Not before" hint="By your own clock. Empty: at once." error={refusalOf(run.error)}>
          {(tie) => (
            <TextField.Root {...tie} type="datetime-local" value={at} onChange={(event) => setAt(event.target.value)} />
          )}
        </Field>
        <ModalFoot verb={at === '' ? 'Send it now' : 'Reschedule'} isPending={run.isPending} onLeave={onClose} />
      </form>
    </Modal>
  );
}
