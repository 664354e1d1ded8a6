import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { isId } from '../../model/ids.ts';
import { SCOPE_DIRECTORY } from '../../model/tenancy.ts';
import type { ChannelCatalog } from '../accept/channel-catalog.ts';
import { callerOf } from '../auth/gate.ts';
import { auditOf } from '../contract/audit-of.ts';
import { BOT_ID, closed, NOTHING, nullable, PERSON_ID } from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { Fault } from '../faults.ts';
import { requireJsonBody } from '../media-type.ts';
import type { NativeContext } from './context.ts';
import { readJsonBodies } from './json-bodies.ts';
import { CATEGORY } from './send-body.ts';
import { show, wrong } from './wrong.ts';

const PREFERENCES = Type.Object(
  {
    optOuts: Type.Array(
      closed({
        category: CATEGORY,
        channel: nullable(Type.String({ maxLength: 64 }), 'Over this channel; null: over any.'),
      }),
      { maxItems: 200, description: 'What the person does not want to be sent.' },
    ),
  },
  { additionalProperties: false, examples: [{ optOuts: [{ category: 'newsletter', channel: null }] }] },
);

type Preferences = Static<typeof PREFERENCES>;

const OF_PERSON = closed({ botId: BOT_ID, personId: PERSON_ID });

interface OfPerson {
  readonly Params: Static<typeof OF_PERSON>;
}

export interface PreferenceRoutesOptions extends Pick<NativeContext, 'store' | 'clock' | 'gate'> {
  readonly catalog: ChannelCatalog;
}

/** What people do not want to be told. A Fastify plugin, under the native prefix. */
export async function preferenceRoutes(app: FastifyInstance, options: PreferenceRoutesOptions): Promise<void> {
  const { gate } = options;
  readJsonBodies(app);
  const url = '/bots/:botId/people/:personId/preferences';
  addOperation(app, gate, { method: 'GET', url, operation: SHOW, handler: createShow(options) });
  const onRequest = [requireJsonBody];
  addOperation<OfPerson & { Body: Preferences }>(app, gate, {
    method: 'PUT',
    url,
    operation: PUT,
    onRequest,
    handler: createPut(options),
  });
}

const SHOW: Operation = {
  id: 'getPreferences',
  tag: 'people',
  summary: 'What a person does not want to be sent',
  description: 'By category and channel. Who asked a channel for silence stands in its suppressions.',
  scope: SCOPE_DIRECTORY,
  params: OF_PERSON,
  query: NOTHING,
  replies: { 200: { description: 'The preferences.', content: { 'application/json': PREFERENCES } } },
  faults: ['body_invalid', 'person_unknown'],
};

function createShow({ store }: PreferenceRoutesOptions) {
  return async function showPreferences(request: FastifyRequest<OfPerson>): Promise<Preferences> {
    const key = await requirePerson(request, store);
    return { optOuts: await store.listPreferences(key) };
  };
}

const PUT: Operation = {
  id: 'putPreferences',
  tag: 'people',
  summary: 'Say what a person does not want to be sent',
  description: 'Replaces what was said before; an empty list lets everything through. Repeating it changes nothing.',
  scope: SCOPE_DIRECTORY,
  params: OF_PERSON,
  query: NOTHING,
  body: { types: ['application/json'], schema: PREFERENCES },
  replies: { 200: { description: 'As they are now.', content: { 'application/json': PREFERENCES } } },
  faults: [...OF_BODIES, 'person_unknown', 'store_full'],
};

function createPut({ store, clock, catalog }: PreferenceRoutesOptions) {
  return async function putPreferences(
    request: FastifyRequest<OfPerson & { Body: Preferences }>,
  ): Promise<Preferences> {
    const { optOuts } = request.body;
    for (const [index, { channel }] of optOuts.entries()) {
      if (channel === null || catalog.ids.includes(channel)) continue;
      throw wrong(`/optOuts/${index}/channel`, `${show(channel)} is no channel; use ids of ${catalog.ids.join(', ')}`);
    }
    const key = await requirePerson(request, store);
    await store.setPreferences({ ...key, optOuts, at: clock.now(), audit: auditOf(request, clock) });
    return { optOuts: await store.listPreferences(key) };
  };
}

async function requirePerson(
  request: FastifyRequest<OfPerson>,
  store: NativeContext['store'],
): Promise<{ readonly botId: string; readonly personId: string }> {
  const { personId } = request.params;
  if (!isId('u', personId)) throw new Fault('person_unknown', "a person's id is u-…");
  const key = { botId: callerOf(request).bot.id, personId };
  if ((await store.findPerson(key)) === null) throw new Fault('person_unknown');
  return key;
}
