import { Link } from 'wouter';
import type { ConnectionActivity, Overview } from '../../../client/activity.ts';
import { useBotPath } from '../../data/bot.tsx';
import { Channel } from '../../parts/channel.tsx';
import { formatAgo, formatCount, formatRate } from '../../parts/format.ts';
import { Sheet } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';
import { useNow } from '../../parts/time.tsx';

const HEALTH = {
  idle: { state: 'pending', word: 'Idle' },
  working: { state: 'delivered', word: 'Working' },
  slowed: { state: 'unknown', word: 'Slowed down' },
  paused: { state: 'unknown', word: 'Paused by the provider' },
  held: { state: 'failed', word: 'Held' },
} as const;

/** How each channel does, over all servers. */
export function ConnectionsNow({ connections }: Pick<Overview, 'connections'>) {
  const to = useBotPath();
  return (
    <Sheet
      title="Channels"
      padded={false}
      aside={
        <Link className="link" href={to('connections')}>
          Connections
        </Link>
      }
    >
      {connections.length === 0 && (
        <Empty title="This bot reaches no channel yet">Add a connection to send anything.</Empty>
      )}
      {connections.length > 0 && (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Channel</th>
              <th scope="col">State</th>
              <th scope="col" className="end only-wide">
                Limit a second
              </th>
              <th scope="col" className="end">
                Delivered
              </th>
            </tr>
          </thead>
          <tbody>
            {connections.map((connection) => (
              <Row key={connection.id} connection={connection} href={to(`connections/${connection.id}`)} />
            ))}
          </tbody>
        </table>
      )}
    </Sheet>
  );
}

function Row({ connection, href }: { readonly connection: ConnectionActivity; readonly href: string }) {
  const now = useNow();
  const { channel, name, health, why, pausedUntil, heldUntil, rate, delivered } = connection;
  const { state, word } = HEALTH[health];
  const until = heldUntil ?? pausedUntil;
  return (
    <tr className="goes">
      <td>
        <Link href={href} className="whole">
          <Channel id={channel} name={name} />
        </Link>
      </td>
      <td>
        <span className="state-word">
          <span className="dot" data-state={state} />
          {word}
        </span>
        {until !== null && <div className="channel-why">{formatAgo(until, now)} it is tried again</div>}
        {why !== null && <div className="channel-why">{why}</div>}
      </td>
      <td className="end number quiet only-wide">{limitOf(rate)}</td>
      <td className="end number">{formatCount(delivered)}</td>
    </tr>
  );
}

function limitOf({ allowed, now }: ConnectionActivity['rate']): string {
  if (allowed === null) return '–';
  return now === null || now >= allowed ? formatRate(allowed) : `${formatRate(now)} of ${formatRate(allowed)}`;
}
