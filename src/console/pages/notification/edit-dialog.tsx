import { Button, Dialog, Flex, TextArea } from '@radix-ui/themes';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useBotPath } from '../../data/bot.tsx';
import { useSteering } from '../../data/steering.ts';
import { Field } from '../../parts/field.tsx';
import { plural } from '../../parts/format.ts';
import { Modal, ModalFoot } from '../../parts/modal.tsx';
import { refusalOf } from '../../parts/states.tsx';
import type { SteeringDialogProps } from './actions.tsx';
import { AmendmentLink } from './amendment-link.tsx';
import { Numbers } from './numbers.tsx';

/** Puts other words in the place of what was delivered. */
export function EditDialog({ notification, onClose }: SteeringDialogProps) {
  const { id, counts } = notification;
  const [text, setText] = useState('');
  const to = useBotPath();
  const run = useMutation({ mutationFn: useSteering(id).edit });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run.mutate(text);
  };
  if (run.isSuccess) {
    const { editId, recipients, cannot } = run.data;
    return (
      <Modal title="Change the message" maxWidth="520px" onClose={onClose}>
        <div className="dialog-text" role="status">
          <Numbers
            rows={[
              ['have it changed now', recipients],
              ['have it by a channel that changes nothing', cannot],
            ]}
          >
            {editId === null ? 'There was nobody whose message could be changed.' : 'It is being changed.'}
          </Numbers>
        </div>
        <Flex gap="3" justify="end" align="center">
          {editId !== null && (
            <Dialog.Close>
              <AmendmentLink href={to(`notifications/${editId}`)} />
            </Dialog.Close>
          )}
          <Button onClick={onClose}>Close</Button>
        </Flex>
      </Modal>
    );
  }
  return (
    <Modal title="Change the message" maxWidth="520px" onClose={onClose}>
      <form onSubmit={submit} className="form">
        <p className="dialog-text">
          <strong>{plural(counts.delivered, 'recipient')}</strong> have it. Where their channel changes messages, as
          Teams, Slack and Google Chat do, they see these words instead. Those who are still to be sent it are sent it
          as it was.
        </p>
        <Field label="What it says instead" error={refusalOf(run.error)}>
          {(tie) => (
            <TextArea {...tie} required rows={4} value={text} onChange={(event) => setText(event.target.value)} />
          )}
        </Field>
        <ModalFoot verb="Change it" isPending={run.isPending} onLeave={onClose} />
      </form>
    </Modal>
  );
}
