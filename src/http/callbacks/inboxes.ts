import type { Channel, ChannelInbox, ChannelTools } from '../../channels/contract.ts';
import type { Connection, Tenancy } from '../../model/tenancy.ts';

export interface InboxParts {
  readonly tenancy: Pick<Tenancy, 'connectionById'>;
  readonly findChannel: (id: string) => Pick<Channel, 'openInbox'> | null;
  readonly tools: ChannelTools;
}

export interface OpenInbox {
  readonly connection: Connection;
  readonly inbox: ChannelInbox;
}

/** The inboxes of all connections, each opened when it is first spoken to; null where nobody listens. */
export function createInboxes({ tenancy, findChannel, tools }: InboxParts): (id: string) => OpenInbox | null {
  // Of what is configured now: a connection that is changed is another.
  const open = new WeakMap<Connection, ChannelInbox>();
  return function findInbox(id) {
    const connection = tenancy.connectionById(id);
    if (connection === null) return null;
    const inbox = open.get(connection) ?? findChannel(connection.channel)?.openInbox?.(connection, tools);
    if (inbox === undefined) return null;
    open.set(connection, inbox);
    return { connection, inbox };
  };
}
