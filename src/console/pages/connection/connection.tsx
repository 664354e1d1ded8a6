import { Button } from '@radix-ui/themes';
import { useState } from 'react';
import { Link, useLocation, useParams } from 'wouter';
import type { ManagedConnection } from '../../../client/admin.ts';
import type { ConnectionState } from '../../../client/connections.ts';
import { useBotId, useBotPath } from '../../data/bot.tsx';
import {
  type CheckedConnection,
  connectionName,
  useChannels,
  useCheckConnection,
  useConnections,
  useManagedConnection,
  useRemoveConnection,
} from '../../data/connections.ts';
import { useMay } from '../../data/session.tsx';
import { useConfirm } from '../../parts/confirm.tsx';
import { CheckResult, ConnectionForm } from '../../parts/connection-form.tsx';
import { ConnectionHealth, describeLimit } from '../../parts/connection-health.tsx';
import { CopyId } from '../../parts/copy.tsx';
import { formatCount } from '../../parts/format.ts';
import { Page, Sheet } from '../../parts/page.tsx';
import { Empty, Loading, Trouble } from '../../parts/states.tsx';
import { useToasts } from '../../parts/toasts.tsx';
import { Suppressions } from './suppressions.tsx';

export default function ConnectionPage() {
  const { connectionId = '' } = useParams();
  const isAdmin = useMay('admin');
  const states = useConnections();
  const managed = useManagedConnection(connectionId, isAdmin);
  if (states.isPending || (isAdmin && managed.isPending)) return <Loading lines={6} />;
  if (states.isError) return <Trouble error={states.error} retry={states.refetch} />;
  if (managed.isError) return <Trouble error={managed.error} retry={managed.refetch} />;
  const state = states.data.find(({ id }) => id === connectionId);
  if (state === undefined)
    return <Empty title="There is no such connection">It may have been taken away meanwhile.</Empty>;
  return <Found state={state} managed={managed.data ?? null} />;
}

interface FoundProps {
  readonly state: ConnectionState;
  /** Null: the operator may only look. */
  readonly managed: ManagedConnection | null;
}

function Found({ state, managed }: FoundProps) {
  const to = useBotPath();
  const { id, now, callbacks } = state;
  const [checked, setChecked] = useState<CheckedConnection['check'] | null>(null);
  return (
    <Page
      title={connectionName(state)}
      above={
        <Link href={to('connections')} className="link">
          Connections
        </Link>
      }
      description={<ConnectionHealth connection={state} />}
      actions={managed !== null && <Actions managed={managed} onChecked={setChecked} />}
    >
      {checked !== null && <CheckResult check={checked} />}
      <div className="split">
        <div className="stack">
          {managed !== null && <Settings managed={managed} onChecked={setChecked} />}
          <Suppressions connectionId={id} />
        </div>
        <div className="stack">
          <Sheet title="At present">
            <dl className="facts">
              <dt>Limit a second</dt>
              <dd className="number">{describeLimit(now)}</dd>
              <dt>Waiting</dt>
              <dd className="number">{formatCount(now?.waiting ?? 0)}</dd>
              <dt>In flight</dt>
              <dd className="number">{formatCount(now?.inFlight ?? 0)}</dd>
              <dt>Connection</dt>
              <dd>
                <CopyId id={id} />
              </dd>
            </dl>
          </Sheet>
          {callbacks !== null && <CallbackAddresses callbacks={callbacks} />}
        </div>
      </div>
    </Page>
  );
}

function Actions({
  managed,
  onChecked,
}: {
  readonly managed: ManagedConnection;
  readonly onChecked: (check: CheckedConnection['check']) => void;
}) {
  const check = useCheckConnection(managed.id);
  const remove = useRemoveConnection();
  const confirm = useConfirm();
  const toasts = useToasts();
  const to = useBotPath();
  const [, navigate] = useLocation();
  const ask = () =>
    confirm({
      title: 'Take this connection away?',
      verb: 'Take it away',
      isDestructive: true,
      children:
        'Whoever still waits to be sent something over it is told that it failed. Its settings and secrets are forgotten.',
      run: async () => {
        await remove(managed.id);
        toasts.done('The connection is gone');
        navigate(to('connections'));
        return null;
      },
    });
  return (
    <>
      <Button
        variant="soft"
        color="gray"
        loading={check.isPending}
        onClick={() => check.mutate(undefined, { onSuccess: onChecked, onError: toasts.failed })}
      >
        Check the credentials
      </Button>
      {managed.declaredIn === 'api' && (
        <Button variant="soft" color="red" onClick={ask}>
          Take away…
        </Button>
      )}
    </>
  );
}

function Settings({
  managed,
  onChecked,
}: {
  readonly managed: ManagedConnection;
  readonly onChecked: (check: CheckedConnection['check']) => void;
}) {
  const botId = useBotId();
  const channels = useChannels();
  const toasts = useToasts();
  if (channels.isPending) return <Loading />;
  if (channels.isError) return <Trouble error={channels.error} retry={channels.refetch} />;
  const channel = channels.data.channels.find(({ id }) => id === managed.channel);
  if (channel === undefined) return null;
  if (managed.declaredIn === 'file')
    return (
      <Sheet title="Settings" padded={false}>
        <Empty title="It is declared in the configuration file">
          Change it there and start the server again. Its credentials can be checked here.
        </Empty>
      </Sheet>
    );
  return (
    <Sheet
      title="Settings"
      aside={<span className="quiet">Secrets are never shown; enter another to rotate one.</span>}
    >
      <ConnectionForm
        botId={botId}
        channel={channel}
        known={managed}
        onSaved={({ check }) => {
          toasts.done('Saved', 'Every server sends by it within a second or two.');
          onChecked(check);
        }}
      />
    </Sheet>
  );
}

function CallbackAddresses({ callbacks }: { readonly callbacks: NonNullable<ConnectionState['callbacks']> }) {
  const addresses = Object.entries(callbacks).filter(([, url]) => url !== null);
  return (
    <Sheet title="Enter these at the provider">
      {addresses.length === 0 ? (
        <p className="quiet">
          Start the server with <code className="mono">--public-url</code>, so that providers can tell what became of
          messages.
        </p>
      ) : (
        <dl className="facts">
          {addresses.map(([kind, url]) => (
            <div key={kind} className="fact-wide">
              <dt>{kind === 'events' ? 'Events' : 'Receipts'}</dt>
              <dd>
                <CopyId id={String(url)} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Sheet>
  );
}
