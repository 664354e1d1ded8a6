import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { isId, randomId } from '../../model/ids.ts';
import { findJsonFault } from '../../model/json-guard.ts';
import { SCOPE_DIRECTORY } from '../../model/tenancy.ts';
import type { Erasure, ErasureKey } from '../../store/port/erasures.ts';
import { callerOf } from '../auth/gate.ts';
import { auditOf } from '../contract/audit-of.ts';
import { BOT_ID, closed, NOTHING, nullable, OF_BOT, TIME } from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { Fault } from '../faults.ts';
import { requireJsonBody } from '../media-type.ts';
import type { NativeContext } from './context.ts';
import { readJsonBodies } from './json-bodies.ts';
import { toIso } from './notification-documents.ts';
import { untilOver } from './until-over.ts';
import { wrong } from './wrong.ts';

export interface ErasureRoutesOptions extends Pick<NativeContext, 'store' | 'clock' | 'gate'> {
  /** There is something to go on with. */
  readonly onChange: () => void;
}

const ERASE_BODY = Type.Object(
  {
    person: Type.String({
      minLength: 1,
      maxLength: 512,
      description: 'An identity as it is sent to (e-mail, phone number, id at a channel), or the id of a person, u-….',
    }),
  },
  { additionalProperties: false, examples: [{ person: 'ann@example.com' }] },
);

export const ERASURE = Type.Object(
  {
    id: Type.String({ description: 'er-…' }),
    isComplete: Type.Boolean({ description: 'False: it goes on through all that the bot has.' }),
    looked: Type.Integer({ minimum: 0, description: 'Recipients and texts that were looked at.' }),
    erased: Type.Integer({ minimum: 0, description: 'Of these, named the person.' }),
    createdAt: TIME,
    finishedAt: nullable(TIME),
  },
  { $id: 'Erasure', description: 'How far an erasure is. Who is erased is not said, and not known when it is over.' },
);

/** Erasing people. A Fastify plugin, under the native prefix. */
export async function erasureRoutes(app: FastifyInstance, options: ErasureRoutesOptions): Promise<void> {
  readJsonBodies(app);
  const url = '/bots/:botId/erasures';
  addOperation<EraseCall>(app, options.gate, {
    method: 'POST',
    url,
    operation: ERASE,
    onRequest: [requireJsonBody],
    handler: createErase(options),
  });
  addOperation<OfErasure>(app, options.gate, {
    method: 'GET',
    url: `${url}/:erasureId`,
    operation: SHOW,
    handler: createShow(options),
  });
}

const ERASE: Operation = {
  id: 'erasePerson',
  tag: 'people',
  summary: 'Erase a person everywhere',
  description:
    'Takes them out of the directory at once, and then their identity out of everything the bot has: whoever waits to be sent something is suppressed (`erased`), logs and receipts keep what became of them and not who they were, so that all counts stay. Who must not be written to stays suppressed, under a hash. Asked again it goes through everything again.',
  scope: SCOPE_DIRECTORY,
  params: OF_BOT,
  query: NOTHING,
  body: { types: ['application/json'], schema: ERASE_BODY },
  replies: { 202: { description: 'It is on disk and under way.', content: { 'application/json': ERASURE } } },
  faults: [...OF_BODIES, 'person_unknown'],
};

interface EraseCall {
  readonly Body: Static<typeof ERASE_BODY>;
}

function createErase({ store, clock, onChange }: ErasureRoutesOptions) {
  return async function erasePerson(request: FastifyRequest<EraseCall>, reply: FastifyReply): Promise<object> {
    const { person } = request.body;
    if (findJsonFault(person) !== null) throw wrong('/person', 'holds characters that no identity has');
    const key = { botId: callerOf(request).bot.id, erasureId: randomId('er') };
    const who = isId('u', person) ? { personId: person } : { identity: person };
    // The identity itself is in no entry: what is kept for ever would name whoever was erased.
    const audit = { ...auditOf(request, clock), target: key.erasureId };
    if (!(await store.erase({ ...key, who, at: clock.now(), audit })))
      throw new Fault('person_unknown', 'the directory knows nobody of this id; name an identity of theirs instead');
    onChange();
    const state = await untilOver({
      clock,
      find: () => store.findErasure(key),
      isOver: ({ finishedAt }) => finishedAt !== null,
      goOn: () => store.goOnErasing({ at: clock.now() }),
    });
    reply.code(202);
    return toDocument(key, state);
  };
}

const OF_ERASURE = closed({ botId: BOT_ID, erasureId: Type.String({ description: 'The erasure: er-…' }) });

interface OfErasure {
  readonly Params: Static<typeof OF_ERASURE>;
}

const SHOW: Operation = {
  id: 'getErasure',
  tag: 'people',
  summary: 'How far an erasure is',
  description: 'Complete once nothing of the person is left.',
  scope: SCOPE_DIRECTORY,
  params: OF_ERASURE,
  query: NOTHING,
  replies: { 200: { description: 'The erasure.', content: { 'application/json': ERASURE } } },
  faults: ['body_invalid', 'erasure_unknown'],
};

function createShow({ store }: ErasureRoutesOptions) {
  return async function showErasure(request: FastifyRequest<OfErasure>): Promise<object> {
    const { erasureId } = request.params;
    if (!isId('er', erasureId)) throw new Fault('erasure_unknown');
    const key = { botId: callerOf(request).bot.id, erasureId };
    return toDocument(key, await store.findErasure(key));
  };
}

function toDocument({ erasureId: id }: ErasureKey, state: Erasure | null): Static<typeof ERASURE> {
  if (state === null) throw new Fault('erasure_unknown');
  const { looked, erased, createdAt, finishedAt } = state;
  return {
    id,
    isComplete: finishedAt !== null,
    looked,
    erased,
    createdAt: toIso(createdAt),
    finishedAt: finishedAt === null ? null : toIso(finishedAt),
  };
}
