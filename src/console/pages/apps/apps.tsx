import { PlusIcon } from '@radix-ui/react-icons';
import { Badge, Button, DropdownMenu, Flex } from '@radix-ui/themes';
import { useState } from 'react';
import type { ManagedApp, SavedApp } from '../../../client/admin.ts';
import { SCOPE_ADMIN, SCOPE_DIRECTORY, SCOPE_SEND } from '../../../model/tenancy.ts';
import { useAppChanges, useApps } from '../../data/apps.ts';
import { useBotId } from '../../data/bot.tsx';
import { useConnections } from '../../data/connections.ts';
import { AppForm } from '../../parts/app-form.tsx';
import { AppSecret } from '../../parts/app-secret.tsx';
import { useConfirm } from '../../parts/confirm.tsx';
import { CopyId } from '../../parts/copy.tsx';
import { formatDay } from '../../parts/format.ts';
import { Modal } from '../../parts/modal.tsx';
import { Page, Sheet } from '../../parts/page.tsx';
import { Empty, Loading, Trouble } from '../../parts/states.tsx';
import { useToasts } from '../../parts/toasts.tsx';
import './apps.css';

export default function Apps() {
  const [isMaking, setMaking] = useState(false);
  const [saved, setSaved] = useState<SavedApp | null>(null);
  return (
    <Page
      title="Apps"
      description="The programs that may call the API for this bot. Each signs its own tokens."
      actions={
        <Button onClick={() => setMaking(true)}>
          <PlusIcon /> Make an app
        </Button>
      }
    >
      <Sheet padded={false}>
        <List onRotated={setSaved} onMake={() => setMaking(true)} />
      </Sheet>
      {isMaking && <Making onClose={() => setMaking(false)} />}
      {saved !== null && <Secret saved={saved} onClose={() => setSaved(null)} />}
    </Page>
  );
}

function List({ onRotated, onMake }: { readonly onRotated: (saved: SavedApp) => void; readonly onMake: () => void }) {
  const botId = useBotId();
  const found = useApps();
  if (found.isPending) return <Loading />;
  if (found.isError) return <Trouble error={found.error} retry={found.refetch} />;
  const apps = found.data.apps.filter(({ kind, bots }) => kind === 'admin' || bots.includes(botId));
  if (apps.length === 0)
    return (
      <Empty
        title="No program may call yet"
        action={
          <Button variant="soft" onClick={onMake}>
            Make the first app
          </Button>
        }
      >
        An app is what a program signs its tokens with.
      </Empty>
    );
  return (
    <div className="scroll-x">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">App</th>
            <th scope="col">May</th>
            <th scope="col" className="only-wide">
              Signs with
            </th>
            <th scope="col" className="only-wide">
              Made
            </th>
            <td />
          </tr>
        </thead>
        <tbody>
          {apps.map((app) => (
            <Row key={app.clientId} app={app} onRotated={onRotated} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const MAY: Readonly<Record<string, string>> = {
  [SCOPE_SEND]: 'send',
  [SCOPE_DIRECTORY]: 'keep people',
  [SCOPE_ADMIN]: 'administer',
};

function Row({ app, onRotated }: { readonly app: ManagedApp; readonly onRotated: (saved: SavedApp) => void }) {
  const { clientId, name, kind, scopes, algorithm, formerKeyUntil, declaredIn } = app;
  return (
    <tr>
      <td>
        <div className="app-name">
          {name} {kind === 'admin' && <Badge color="violet">every bot</Badge>}
        </div>
        <div className="app-id quiet">
          <CopyId id={clientId} />
        </div>
      </td>
      <td className="quiet">{scopes.map((scope) => MAY[scope] ?? scope).join(', ')}</td>
      <td className="quiet only-wide">
        {algorithm}
        {formerKeyUntil !== null && <div>the key before until {formatDay(formerKeyUntil)}</div>}
      </td>
      <td className="quiet only-wide">{declaredIn === 'file' ? 'in the configuration file' : 'here'}</td>
      <td className="end">{declaredIn === 'api' && <Menu app={app} onRotated={onRotated} />}</td>
    </tr>
  );
}

function Menu({ app, onRotated }: { readonly app: ManagedApp; readonly onRotated: (saved: SavedApp) => void }) {
  const changes = useAppChanges();
  const confirm = useConfirm();
  const toasts = useToasts();
  const rotate = () =>
    confirm({
      title: `Give ${app.name} another secret?`,
      verb: 'Rotate',
      children:
        'The new one is good at once; the one before for 24 hours more, so that the program can change over without an interruption.',
      run: async () => {
        onRotated(await changes.rotate(app));
        return null;
      },
    });
  const remove = () =>
    confirm({
      title: `Take ${app.name} away?`,
      verb: 'Take it away',
      isDestructive: true,
      children: 'None of its tokens is good any more, from this moment on. What it has sent goes on.',
      run: async () => {
        await changes.remove(app);
        toasts.done(`${app.name} is gone`);
        return null;
      },
    });
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger>
        <Button size="1" variant="soft" color="gray" aria-label={`Change ${app.name}`}>
          Change
          <DropdownMenu.TriggerIcon />
        </Button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Content align="end">
        {app.algorithm.startsWith('HS') && <DropdownMenu.Item onSelect={rotate}>Rotate its secret…</DropdownMenu.Item>}
        <DropdownMenu.Item color="red" onSelect={remove}>
          Take it away…
        </DropdownMenu.Item>
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}

function Making({ onClose }: { readonly onClose: () => void }) {
  const botId = useBotId();
  const [saved, setSaved] = useState<SavedApp | null>(null);
  if (saved !== null) return <Secret saved={saved} onClose={onClose} />;
  return (
    <Modal title="Make an app" maxWidth="480px" onClose={onClose}>
      <AppForm
        botId={botId}
        onSaved={setSaved}
        leave={
          <Button type="button" variant="soft" color="gray" onClick={onClose}>
            Leave it
          </Button>
        }
      />
    </Modal>
  );
}

/** What is shown once does not go away by a click beside it. */
function Secret({ saved, onClose }: { readonly saved: SavedApp; readonly onClose: () => void }) {
  const botId = useBotId();
  const connections = useConnections();
  const { app, clientSecret } = saved;
  const channel = connections.data?.[0]?.channel ?? 'msteams';
  return (
    <Modal title={app.name} maxWidth="640px" onClose={onClose} isKept>
      {clientSecret === null ? (
        <p className="dialog-text">
          It is made, and signs with its own key. Its client id: <CopyId id={app.clientId} />
        </p>
      ) : (
        <AppSecret
          clientId={app.clientId}
          clientSecret={clientSecret}
          botId={botId}
          example={{ channel, recipient: 'someone@example.com' }}
        />
      )}
      <Flex justify="end" mt="5">
        <Button onClick={onClose}>{clientSecret === null ? 'Close' : 'I have copied it'}</Button>
      </Flex>
    </Modal>
  );
}
