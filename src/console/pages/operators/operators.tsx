import { PlusIcon } from '@radix-ui/react-icons';
import { Badge, Button, Flex } from '@radix-ui/themes';
import { useState } from 'react';
import type { Invitation, ManagedOperator } from '../../../client/admin.ts';
import { useOperators } from '../../data/operators.ts';
import { useOperator } from '../../data/session.tsx';
import { CopyBlock } from '../../parts/copy.tsx';
import { formatDay } from '../../parts/format.ts';
import { Modal } from '../../parts/modal.tsx';
import { Page, Sheet } from '../../parts/page.tsx';
import { Loading, Trouble } from '../../parts/states.tsx';
import { Ago } from '../../parts/time.tsx';
import { OperatorDialog } from './operator-dialog.tsx';
import { OperatorMenu } from './operator-menu.tsx';
import './operators.css';

/** What is open over the list. */
type Open =
  | { readonly dialog: 'invite' }
  | { readonly dialog: 'change'; readonly operator: ManagedOperator }
  | { readonly dialog: 'link'; readonly invitation: Invitation };

export default function Operators() {
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const showLink = (invitation: Invitation) => setOpen({ dialog: 'link', invitation });
  return (
    <Page
      title="Operators"
      description="Who signs in to this console. A viewer looks, a sender sends and keeps people as well, an admin does everything."
      actions={
        <Button onClick={() => setOpen({ dialog: 'invite' })}>
          <PlusIcon /> Invite somebody
        </Button>
      }
    >
      <Sheet padded={false}>
        <List onLink={showLink} onChange={(operator) => setOpen({ dialog: 'change', operator })} />
      </Sheet>
      {open?.dialog === 'invite' && <OperatorDialog known={null} onClose={close} onInvited={showLink} />}
      {open?.dialog === 'change' && <OperatorDialog known={open.operator} onClose={close} onInvited={showLink} />}
      {open?.dialog === 'link' && <InvitationLink invitation={open.invitation} onClose={close} />}
    </Page>
  );
}

interface ListProps {
  readonly onLink: (invitation: Invitation) => void;
  readonly onChange: (operator: ManagedOperator) => void;
}

function List({ onLink, onChange }: ListProps) {
  const found = useOperators();
  if (found.isPending) return <Loading />;
  if (found.isError) return <Trouble error={found.error} retry={found.refetch} />;
  return (
    <div className="scroll-x">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Operator</th>
            <th scope="col">Role</th>
            <th scope="col" className="only-wide">
              Signs in with
            </th>
            <th scope="col" className="only-wide">
              Signed in
            </th>
            <td />
          </tr>
        </thead>
        <tbody>
          {found.data.operators.map((operator) => (
            <Row key={operator.id} operator={operator} onLink={onLink} onChange={onChange} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ operator, onLink, onChange }: ListProps & { readonly operator: ManagedOperator }) {
  const reader = useOperator();
  const { id, name, email, role, bots, signedInAt, disabledAt, signsInWith } = operator;
  return (
    <tr>
      <td>
        <div className="operator-name">
          {name} {id === reader.id && <span className="quiet">(you)</span>}{' '}
          {disabledAt !== null && <Badge color="gray">disabled</Badge>}
        </div>
        <div className="quiet operator-mail">{email}</div>
      </td>
      <td>
        {role}
        <div className="quiet operator-mail">{whichBots(operator, bots.length)}</div>
      </td>
      <td className="quiet only-wide">{waysOf(signsInWith)}</td>
      <td className="quiet only-wide">{signedInAt === null ? 'never yet' : <Ago at={signedInAt} />}</td>
      <td className="end">
        <OperatorMenu operator={operator} onLink={onLink} onChange={() => onChange(operator)} />
      </td>
    </tr>
  );
}

const waysOf = ({ password, providers }: ManagedOperator['signsInWith']): string =>
  [...(password ? ['a password'] : []), ...providers].join(', ') || 'nothing yet';

const whichBots = ({ role }: Pick<ManagedOperator, 'role'>, count: number): string =>
  role === 'admin' ? 'every bot' : count === 1 ? '1 bot' : `${count} bots`;

/** The link is good once and shown once: nobody is written to. */
function InvitationLink({ invitation, onClose }: { readonly invitation: Invitation; readonly onClose: () => void }) {
  const { operator, expiresAt } = invitation;
  return (
    <Modal title={`A link for ${operator.name}`} maxWidth="560px" onClose={onClose} isKept>
      <p className="dialog-text">
        Hand it to {operator.email} yourself: it is shown this once, and lets whoever opens it first choose the
        password. It is good until {formatDay(expiresAt)}.
      </p>
      <CopyBlock text={invitation.invitation} label="invitation" />
      <Flex justify="end" mt="5">
        <Button onClick={onClose}>I have copied it</Button>
      </Flex>
    </Modal>
  );
}
