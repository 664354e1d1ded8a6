import { Button, DropdownMenu } from '@radix-ui/themes';
import type { Invitation, ManagedOperator } from '../../../client/admin.ts';
import { useOperatorChanges } from '../../data/operators.ts';
import { useConfirm } from '../../parts/confirm.tsx';
import { plural } from '../../parts/format.ts';
import { useToasts } from '../../parts/toasts.tsx';

interface OperatorMenuProps {
  readonly operator: ManagedOperator;
  readonly onLink: (invitation: Invitation) => void;
  readonly onChange: () => void;
}

/** What can be done about an operator. The server keeps the last admin from being shut out. */
export function OperatorMenu({ operator, onLink, onChange }: OperatorMenuProps) {
  const { id, name, disabledAt, signsInWith } = operator;
  const changes = useOperatorChanges();
  const confirm = useConfirm();
  const toasts = useToasts();
  const enable = () =>
    changes.change(id, { disabled: false }).then(() => toasts.done(`${name} may sign in again`), toasts.failed);
  const askLink = () =>
    confirm({
      title: `Make a new link for ${name}?`,
      verb: 'Make the link',
      children: 'With it they choose another password, and are signed out wherever they are.',
      run: async () => {
        onLink(await changes.inviteAgain(id));
        return null;
      },
    });
  const askSignOut = () =>
    confirm({
      title: `Sign ${name} out everywhere?`,
      verb: 'Sign out',
      children: 'They may sign in again at once.',
      run: async () => `${plural((await changes.signOut(id)).sessions, 'session')} ended.`,
    });
  const askUnlink = () =>
    confirm({
      title: `Forget how ${name} is known elsewhere?`,
      verb: 'Forget it',
      children: `${signsInWith.providers.join(', ')} leads to this account no longer, until a verified e-mail or the operator links it again. Sessions go on.`,
      run: async () => {
        await changes.unlink(id);
        return null;
      },
    });
  const askDisable = () =>
    confirm({
      title: `Disable ${name}?`,
      verb: 'Disable',
      isDestructive: true,
      children: 'They are signed out everywhere and may not sign in, until they are enabled again.',
      run: async () => {
        await changes.change(id, { disabled: true });
        return null;
      },
    });
  const askRemove = () =>
    confirm({
      title: `Remove ${name}?`,
      verb: 'Remove',
      isDestructive: true,
      children: 'They are signed out everywhere and their account is gone. What they did stays in the audit.',
      run: async () => {
        await changes.remove(id);
        return null;
      },
    });
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger>
        <Button size="1" variant="soft" color="gray" aria-label={`Change ${name}`}>
          Change
          <DropdownMenu.TriggerIcon />
        </Button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Content align="end">
        <DropdownMenu.Item onSelect={onChange}>Name, role and bots…</DropdownMenu.Item>
        <DropdownMenu.Item onSelect={askLink}>New link for a password…</DropdownMenu.Item>
        <DropdownMenu.Item onSelect={askSignOut}>Sign out everywhere…</DropdownMenu.Item>
        {signsInWith.providers.length > 0 && (
          <DropdownMenu.Item onSelect={askUnlink}>Forget {signsInWith.providers.join(', ')}…</DropdownMenu.Item>
        )}
        <DropdownMenu.Separator />
        {disabledAt === null ? (
          <DropdownMenu.Item color="red" onSelect={askDisable}>
            Disable…
          </DropdownMenu.Item>
        ) : (
          <DropdownMenu.Item onSelect={enable}>Enable</DropdownMenu.Item>
        )}
        <DropdownMenu.Item color="red" onSelect={askRemove}>
          Remove…
        </DropdownMenu.Item>
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}
