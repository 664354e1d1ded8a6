import { Badge } from '@radix-ui/themes';
import type { ConnectionState } from '../../../client/connections.ts';
import type { DirectoryPerson } from '../../../client/people.ts';
import { connectionName, useConnections } from '../../data/connections.ts';
import { useReach } from '../../data/people.ts';
import { ChannelMark } from '../../parts/channel.tsx';
import { Sheet } from '../../parts/page.tsx';
import { meaningOf } from '../../parts/reason.ts';
import { explainError, Loading } from '../../parts/states.tsx';

/** What would become of a message to somebody over each connection: silences and missing addresses show here. */
export function Reach({ person }: { readonly person: DirectoryPerson }) {
  const connections = useConnections();
  if (connections.data === undefined || connections.data.length === 0) return null;
  return (
    <Sheet title="Could be reached now" padded={false}>
      <Ways person={person} connections={connections.data} />
    </Sheet>
  );
}

function Ways({
  person,
  connections,
}: {
  readonly person: DirectoryPerson;
  readonly connections: readonly ConnectionState[];
}) {
  const reach = useReach(person, connections);
  return (
    <ul className="reach">
      {connections.map((connection, index) => {
        const { data, error, isPending } = reach[index] ?? { data: undefined, error: null, isPending: true };
        return (
          <li key={connection.id}>
            <span className="channel reach-channel">
              <ChannelMark id={connection.channel} />
              {connectionName(connection)}
            </span>
            {isPending && <Loading lines={1} label={`Asking about ${connectionName(connection)}`} />}
            {error !== null && <span className="quiet">{explainError(error).title}</span>}
            {data === null && <Badge color="jade">yes</Badge>}
            {data && (
              <span>
                {meaningOf(data.reason)}. <span className="quiet">{data.hint}</span>
              </span>
            )}
          </li>
        );
      })}
    </ul>
  );
}
