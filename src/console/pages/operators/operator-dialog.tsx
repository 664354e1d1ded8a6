import { CheckboxGroup, TextField } from '@radix-ui/themes';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { Invitation, ManagedOperator } from '../../../client/admin.ts';
import { ROLES, type Role } from '../../../model/operator.ts';
import { useOperatorChanges } from '../../data/operators.ts';
import { useOperator } from '../../data/session.tsx';
import { Field } from '../../parts/field.tsx';
import { Modal, ModalFoot } from '../../parts/modal.tsx';
import { explainError } from '../../parts/states.tsx';

interface OperatorDialogProps {
  /** Null: somebody is invited. */
  readonly known: ManagedOperator | null;
  readonly onClose: () => void;
  readonly onInvited: (invitation: Invitation) => void;
}

/** Who somebody is and what they may do. */
export function OperatorDialog({ known, onClose, onInvited }: OperatorDialogProps) {
  const all = useOperator().bots;
  const changes = useOperatorChanges();
  const [name, setName] = useState(known?.name ?? '');
  const [email, setEmail] = useState(known?.email ?? '');
  const [role, setRole] = useState<Role>(known?.role ?? 'viewer');
  const [bots, setBots] = useState<readonly string[]>(known?.bots ?? []);
  const save = useMutation({
    mutationFn: async () => {
      const body = { name: name.trim(), role, bots };
      if (known === null) onInvited(await changes.invite({ ...body, email: email.trim() }));
      else {
        await changes.change(known.id, body);
        onClose();
      }
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const refusal = save.isError ? explainError(save.error) : null;
  return (
    <Modal title={known === null ? 'Invite somebody' : `Change ${known.name}`} maxWidth="460px" onClose={onClose}>
      <form className="form" onSubmit={submit}>
        <Field label="Name">
          {(tie) => <TextField.Root {...tie} required value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        {known === null && (
          <Field label="E-mail" hint="Nobody is written to: you are given a link to hand over.">
            {(tie) => (
              <TextField.Root
                {...tie}
                type="email"
                required
                value={email}
                onChange={(event) => setEmail(event.target.value)}
              />
            )}
          </Field>
        )}
        <Field label="Role">
          {(tie) => (
            <select
              {...tie}
              className="select"
              value={role}
              onChange={(event) => setRole(ROLES.find((one) => one === event.target.value) ?? 'viewer')}
            >
              {ROLES.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          )}
        </Field>
        {role !== 'admin' && (
          <fieldset className="fieldset">
            <legend>For these bots</legend>
            <CheckboxGroup.Root value={[...bots]} onValueChange={setBots}>
              {all.map((bot) => (
                <CheckboxGroup.Item key={bot.id} value={bot.id}>
                  {bot.name}
                </CheckboxGroup.Item>
              ))}
            </CheckboxGroup.Root>
          </fieldset>
        )}
        {refusal !== null && (
          <p className="confirm-refusal" role="alert">
            {refusal.title}. {refusal.fix}
          </p>
        )}
        <ModalFoot verb={known === null ? 'Invite' : 'Save'} isPending={save.isPending} onLeave={onClose} />
      </form>
    </Modal>
  );
}
