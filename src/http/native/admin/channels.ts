import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import type { Channel } from '../../../channels/contract.ts';
import { SCOPE_ADMIN } from '../../../model/tenancy.ts';
import { NOTHING, nullable } from '../../contract/fields.ts';
import type { Operation } from '../../contract/operation.ts';
import { addOperation } from '../../contract/route.ts';
import type { AdminOptions } from './bots.ts';

export interface ChannelRouteOptions extends Pick<AdminOptions, 'gate'> {
  readonly channels: readonly Pick<Channel, 'id' | 'named' | 'settings' | 'defaults'>[];
}

const CHANNELS = Type.Object({
  channels: Type.Array(
    Type.Object({
      id: Type.String(),
      named: Type.Boolean({ description: 'A bot may have several connections of it, told apart by name.' }),
      settings: Type.Record(Type.String(), Type.Unknown(), {
        description:
          'JSON Schema of what the settings of a connection hold; `secret: true` stands at what is kept sealed.',
      }),
      defaults: Type.Object({
        perSecond: nullable(Type.Number(), 'Null: the provider documents none.'),
        concurrency: Type.Integer(),
      }),
    }),
  ),
});

const LIST: Operation = {
  id: 'listChannels',
  tag: 'admin',
  summary: 'The channels there are, and what each has to be told',
  description:
    'The schemas by which the settings of connections are judged, with what each setting means: forms can be made of it.',
  scope: SCOPE_ADMIN,
  query: NOTHING,
  replies: { 200: { description: 'All of them.', content: { 'application/json': CHANNELS } } },
  faults: ['body_invalid'],
};

/** What can be connected to. A Fastify plugin, under the native prefix. */
export async function channelRoute(app: FastifyInstance, { gate, channels }: ChannelRouteOptions): Promise<void> {
  const list = channels.map(({ id, named, settings, defaults }) => ({
    id,
    named,
    settings: { ...settings },
    defaults,
  }));
  addOperation(app, gate, {
    method: 'GET',
    url: '/admin/channels',
    operation: LIST,
    handler: async (): Promise<Static<typeof CHANNELS>> => ({ channels: list }),
  });
}
