import type { DirectoryPerson } from '../../../client/people.ts';
import { connectionName } from '../../data/connections.ts';
import { ChannelMark } from '../../parts/channel.tsx';
import { Sheet } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';
import { Ago } from '../../parts/time.tsx';

const SOURCES = {
  import: 'imported',
  lookup: 'looked up at the provider',
  send: 'found while sending',
  inbound: 'they wrote to the bot',
} as const;

/** Where somebody is reached, where that is from, and how old it is. */
export function Addresses({ person: { addresses } }: { readonly person: DirectoryPerson }) {
  return (
    <Sheet title="Addresses" padded={false}>
      {addresses.length === 0 ? (
        <Empty title="No address is known">
          It is looked up when something is sent, where the provider lets it. Or import one.
        </Empty>
      ) : (
        <div className="scroll-x">
          <table className="table person-addresses">
            <thead>
              <tr>
                <th scope="col">Channel</th>
                <th scope="col">Address</th>
                <th scope="col" className="only-wide">
                  From
                </th>
                <th scope="col" className="end only-wide">
                  Last worked
                </th>
              </tr>
            </thead>
            <tbody>
              {addresses.map(({ connectionId, channel, name, channelId, source, learnedAt, lastWorkedAt }) => (
                <tr key={connectionId}>
                  <td>
                    <span className="channel">
                      <ChannelMark id={channel} />
                      {connectionName({ channel, name })}
                    </span>
                  </td>
                  <td>
                    <div className="mono">{channelId}</div>
                    <div className="quiet only-phone">
                      {SOURCES[source]}, <Ago at={learnedAt} />
                    </div>
                  </td>
                  <td className="quiet only-wide">
                    {SOURCES[source]}, <Ago at={learnedAt} />
                  </td>
                  <td className="end quiet only-wide person-worked">
                    {lastWorkedAt === null ? 'never yet' : <Ago at={lastWorkedAt} />}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Sheet>
  );
}
