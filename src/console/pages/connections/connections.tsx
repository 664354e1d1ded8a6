import { PlusIcon } from '@radix-ui/react-icons';
import { Button } from '@radix-ui/themes';
import { Link } from 'wouter';
import type { ConnectionState } from '../../../client/connections.ts';
import { useBotPath } from '../../data/bot.tsx';
import { useConnections } from '../../data/connections.ts';
import { useMay } from '../../data/session.tsx';
import { Channel } from '../../parts/channel.tsx';
import { ConnectionHealth, describeLimit } from '../../parts/connection-health.tsx';
import { formatCount } from '../../parts/format.ts';
import { Page, Sheet } from '../../parts/page.tsx';
import { Empty, Loading, Trouble } from '../../parts/states.tsx';

export default function Connections() {
  const to = useBotPath();
  const isAdmin = useMay('admin');
  return (
    <Page
      title="Connections"
      description="How this bot reaches its channels, and how fast at present."
      actions={
        isAdmin && (
          <Button asChild>
            <Link href={to('connections/new')}>
              <PlusIcon /> Add a connection
            </Link>
          </Button>
        )
      }
    >
      <Sheet padded={false}>
        <List />
      </Sheet>
    </Page>
  );
}

function List() {
  const to = useBotPath();
  const isAdmin = useMay('admin');
  const found = useConnections();
  if (found.isPending) return <Loading />;
  if (found.isError) return <Trouble error={found.error} retry={found.refetch} />;
  const connections = found.data;
  if (connections.length === 0)
    return (
      <Empty
        title="This bot reaches no channel yet"
        action={
          isAdmin && (
            <Button asChild variant="soft">
              <Link href={to('connections/new')}>Add the first connection</Link>
            </Button>
          )
        }
      >
        A connection holds the credentials of one channel, such as a Teams app or a Slack token.
      </Empty>
    );
  return (
    <div className="scroll-x">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Channel</th>
            <th scope="col">State</th>
            <th scope="col" className="end only-wide">
              Limit a second
            </th>
            <th scope="col" className="end only-wide">
              Waiting
            </th>
            <th scope="col" className="end only-wide">
              In flight
            </th>
          </tr>
        </thead>
        <tbody>
          {connections.map((connection) => (
            <Row key={connection.id} connection={connection} href={to(`connections/${connection.id}`)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ connection, href }: { readonly connection: ConnectionState; readonly href: string }) {
  const { channel, name, now } = connection;
  return (
    <tr className="goes">
      <td>
        <Link href={href} className="whole">
          <Channel id={channel} name={name} />
        </Link>
      </td>
      <td>
        <ConnectionHealth connection={connection} />
      </td>
      <td className="end number only-wide">{describeLimit(now)}</td>
      <td className="end number only-wide">{formatCount(now?.waiting ?? 0)}</td>
      <td className="end number only-wide">{formatCount(now?.inFlight ?? 0)}</td>
    </tr>
  );
}
