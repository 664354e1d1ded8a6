import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { isId } from '../../../model/ids.ts';
import type { OidcProvider } from '../../../model/oidc.ts';
import { normalEmail, type Operator } from '../../../model/operator.ts';
import { SCOPE_ADMIN } from '../../../model/tenancy.ts';
import type { WaysIn } from '../../../store/port/operators.ts';
import { auditOf } from '../../contract/audit-of.ts';
import { COUNT, closed, NOTHING, nullable, TIME } from '../../contract/fields.ts';
import { OF_BODIES, type Operation } from '../../contract/operation.ts';
import { addOperation } from '../../contract/route.ts';
import { Fault } from '../../faults.ts';
import { requireJsonBody } from '../../media-type.ts';
import { EMAIL, OPERATOR_NAME, ROLE } from '../../session/documents.ts';
import { newLink, newOperator } from '../../session/links.ts';
import type { NativeContext } from '../context.ts';
import { readJsonBodies } from '../json-bodies.ts';
import { toIso } from '../notification-documents.ts';

export interface OperatorRoutesOptions extends NativeContext {
  readonly publicUrl: string | null;
  readonly oidc: readonly OidcProvider[];
}

const BOTS = Type.Array(Type.String(), { maxItems: 10_000, description: 'Which they may use; an admin may use all.' });
const OF_OPERATOR = closed({
  operatorId: Type.String({
    description: 'The operator: op-…',
    examples: ['op-0d3f6c1e-5b0a-5d0e-9d52-6f0c8f6b1a77'],
  }),
});

export const OPERATOR = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    email: Type.String(),
    role: ROLE,
    bots: BOTS,
    createdAt: TIME,
    signedInAt: nullable(TIME, 'The last time; null: never yet.'),
    disabledAt: nullable(TIME, 'Null: may sign in.'),
    signsInWith: Type.Object(
      {
        password: Type.Boolean({ description: 'They have chosen one.' }),
        providers: Type.Array(Type.String(), { description: 'By name; by issuer those that are configured no more.' }),
      },
      { description: 'What has been of use to them so far.' },
    ),
  },
  { $id: 'Operator', description: 'Somebody who signs in to the console.' },
);

const LINKED = {
  invitation: Type.String({ description: 'The link, good once and for a week. Hand it to nobody else.' }),
  expiresAt: TIME,
};
const INVITED = Type.Object({ operator: Type.Ref('Operator#'), ...LINKED });
const INVITE_BODY = closed({ name: OPERATOR_NAME, email: EMAIL, role: ROLE, bots: Type.Optional(BOTS) });
const CHANGE_BODY = closed({
  name: Type.Optional(OPERATOR_NAME),
  role: Type.Optional(ROLE),
  bots: Type.Optional(BOTS),
  disabled: Type.Optional(Type.Boolean({ description: 'true: signed out everywhere, and may not sign in.' })),
});

interface OfOperator {
  readonly Params: Static<typeof OF_OPERATOR>;
}

/** Who signs in, and as what. A Fastify plugin, under the native prefix. */
export async function operatorRoutes(app: FastifyInstance, options: OperatorRoutesOptions): Promise<void> {
  const { gate, store, clock } = options;
  readJsonBodies(app);
  const all = '/admin/operators';
  const url = `${all}/:operatorId`;
  const onRequest = [requireJsonBody];
  addOperation(app, gate, {
    method: 'GET',
    url: all,
    operation: LIST,
    handler: async () => {
      const [operators, describe] = [await store.listOperators(), await createDescribe(options)];
      return { operators: operators.map(describe) };
    },
  });
  addOperation(app, gate, { method: 'POST', url: all, operation: INVITE, onRequest, handler: createInvite(options) });
  addOperation(app, gate, { method: 'PATCH', url, operation: CHANGE, onRequest, handler: createChange(options) });
  addOperation<OfOperator>(app, gate, {
    method: 'DELETE',
    url,
    operation: REMOVE,
    handler: async (request: FastifyRequest<OfOperator>, reply: FastifyReply) => {
      const operatorId = operatorIdOf(request);
      refuse(await store.removeOperator({ operatorId, audit: auditOf(request, clock) }));
      return reply.code(204).send();
    },
  });
  addOperation<OfOperator>(app, gate, {
    method: 'POST',
    url: `${url}/invitation`,
    operation: INVITE_AGAIN,
    handler: async (request: FastifyRequest<OfOperator>) => {
      const operator = await findOperator(store, request);
      if (operator.disabledAt !== null) throw new Fault('operator_unknown', 'they are disabled: let them in first');
      const { link, url: invitation } = newLink('invitation', operator.id, { clock, base: baseOf(request, options) });
      await store.addLink({ link, audit: auditOf(request, clock) });
      const describe = await createDescribe(options);
      return { operator: describe(operator), invitation, expiresAt: toIso(link.expiresAt) };
    },
  });
  addOperation<OfOperator>(app, gate, {
    method: 'DELETE',
    url: `${url}/identities`,
    operation: UNLINK,
    handler: async (request: FastifyRequest<OfOperator>, reply: FastifyReply) => {
      const { id: operatorId } = await findOperator(store, request);
      await store.unlinkIdentities({ operatorId, audit: auditOf(request, clock) });
      return reply.code(204).send();
    },
  });
  addOperation<OfOperator>(app, gate, {
    method: 'POST',
    url: `${url}/sign-out`,
    operation: SIGN_OUT,
    handler: async (request: FastifyRequest<OfOperator>) => {
      const { id: operatorId } = await findOperator(store, request);
      return { sessions: await store.endSessionsOf({ operatorId, audit: auditOf(request, clock) }) };
    },
  });
}

function createInvite(options: OperatorRoutesOptions) {
  const { store, tenancy, clock } = options;
  return async function inviteOperator(
    request: FastifyRequest<{ Body: Static<typeof INVITE_BODY> }>,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const { name, role, bots = [] } = request.body;
    assertBots(bots, tenancy);
    const email = normalEmail(request.body.email);
    const operator = newOperator({ name: name.trim(), email, role, bots }, clock);
    const { link, url: invitation } = newLink('invitation', operator.id, { clock, base: baseOf(request, options) });
    const audit = { ...auditOf(request, clock), target: operator.id };
    if (!(await store.addOperator({ operator, link, audit })))
      throw new Fault('operator_exists', 'change that one, or invite it again', {}, '/email');
    const describe = await createDescribe(options);
    return reply.code(201).send({ operator: describe(operator), invitation, expiresAt: toIso(link.expiresAt) });
  };
}

function createChange(options: OperatorRoutesOptions) {
  const { store, tenancy, clock } = options;
  return async function changeOperator(
    request: FastifyRequest<OfOperator & { Body: Static<typeof CHANGE_BODY> }>,
  ): Promise<Static<typeof OPERATOR>> {
    const { disabled, ...changes } = request.body;
    if (changes.bots !== undefined) assertBots(changes.bots, tenancy);
    const audit = auditOf(request, clock);
    const disabledAt = disabled === undefined ? {} : { disabledAt: disabled ? clock.now() : null };
    const operatorId = operatorIdOf(request);
    refuse(await store.changeOperator({ operatorId, changes: { ...changes, ...disabledAt }, audit }));
    const describe = await createDescribe(options);
    return describe(await findOperator(store, request));
  };
}

function refuse(result: 'changed' | 'removed' | 'unknown' | 'last_admin'): void {
  if (result === 'unknown') throw new Fault('operator_unknown');
  if (result === 'last_admin') throw new Fault('last_admin', 'make somebody else an admin first');
}

/** What looks like none is none, and no database is asked for it: PostgreSQL takes no NUL. */
function operatorIdOf({ params: { operatorId } }: FastifyRequest<OfOperator>): string {
  if (!isId('op', operatorId)) throw new Fault('operator_unknown');
  return operatorId;
}

async function findOperator(
  store: OperatorRoutesOptions['store'],
  request: FastifyRequest<OfOperator>,
): Promise<Operator> {
  const operator = await store.findOperator({ operatorId: operatorIdOf(request) });
  if (operator === null) throw new Fault('operator_unknown');
  return operator;
}

function assertBots(bots: readonly string[], tenancy: OperatorRoutesOptions['tenancy']): void {
  const unknown = bots.findIndex((id) => tenancy.bot(id) === null);
  if (unknown >= 0) throw new Fault('body_invalid', `/bots/${unknown}: there is no such bot`, {}, `/bots/${unknown}`);
}

const baseOf = (request: FastifyRequest, { publicUrl }: Pick<OperatorRoutesOptions, 'publicUrl'>): string =>
  publicUrl ?? `${request.protocol}://${request.host}`;

/** As the API shows operators, with how each of them comes in. */
async function createDescribe({ store, oidc }: Pick<OperatorRoutesOptions, 'store' | 'oidc'>) {
  const ways = new Map((await store.listWaysIn()).map((each) => [each.operatorId, each]));
  const names = new Map(oidc.map(({ issuer, name }) => [issuer, name]));
  return (operator: Operator) => toDocument(operator, ways.get(operator.id), names);
}

const toDocument = (
  { createdAt, signedInAt, disabledAt, bots, ...operator }: Operator,
  { hasPassword, issuers }: Pick<WaysIn, 'hasPassword' | 'issuers'> = { hasPassword: false, issuers: [] },
  names: ReadonlyMap<string, string>,
): Static<typeof OPERATOR> => ({
  ...operator,
  bots: [...bots],
  createdAt: toIso(createdAt),
  signedInAt: signedInAt === null ? null : toIso(signedInAt),
  disabledAt: disabledAt === null ? null : toIso(disabledAt),
  signsInWith: { password: hasPassword, providers: issuers.map((issuer) => names.get(issuer) ?? issuer) },
});

const LIST: Operation = {
  id: 'listOperators',
  tag: 'admin',
  summary: 'Everybody who signs in',
  description: 'By e-mail, those who may not sign in any more included.',
  scope: SCOPE_ADMIN,
  query: NOTHING,
  replies: {
    200: {
      description: 'All of them.',
      content: { 'application/json': Type.Object({ operators: Type.Array(Type.Ref('Operator#')) }) },
    },
  },
  faults: ['body_invalid'],
};

const INVITE: Operation = {
  id: 'inviteOperator',
  tag: 'admin',
  summary: 'Invite somebody',
  description: 'The reply holds a link with which they choose a password; nobody is written to.',
  scope: SCOPE_ADMIN,
  query: NOTHING,
  body: { types: ['application/json'], schema: INVITE_BODY },
  replies: { 201: { description: 'They are invited.', content: { 'application/json': INVITED } } },
  faults: [...OF_BODIES, 'operator_exists'],
};

const CHANGE: Operation = {
  id: 'changeOperator',
  tag: 'admin',
  summary: 'Change what somebody may do',
  description: 'What the body leaves out stays. In force with their next call.',
  scope: SCOPE_ADMIN,
  params: OF_OPERATOR,
  query: NOTHING,
  body: { types: ['application/json'], schema: CHANGE_BODY },
  replies: { 200: { description: 'As it is now.', content: { 'application/json': Type.Ref('Operator#') } } },
  faults: [...OF_BODIES, 'operator_unknown', 'last_admin'],
};

const REMOVE: Operation = {
  id: 'removeOperator',
  tag: 'admin',
  summary: 'Take somebody’s account away',
  description: 'They are signed out everywhere. What they did keeps its record.',
  scope: SCOPE_ADMIN,
  params: OF_OPERATOR,
  query: NOTHING,
  replies: { 204: { description: 'It is gone.' } },
  faults: [...OF_BODIES, 'operator_unknown', 'last_admin'],
};

const INVITE_AGAIN: Operation = {
  id: 'inviteOperatorAgain',
  tag: 'admin',
  summary: 'Let somebody choose a new password',
  description: 'With a link; whoever is signed in to the account is signed out when it is used.',
  scope: SCOPE_ADMIN,
  params: OF_OPERATOR,
  query: NOTHING,
  replies: { 200: { description: 'The link.', content: { 'application/json': INVITED } } },
  faults: [...OF_BODIES, 'operator_unknown'],
};

const UNLINK: Operation = {
  id: 'unlinkOperator',
  tag: 'admin',
  summary: 'Forget who somebody is to providers',
  description:
    'Whoever signed in through one is not known by it any more: as after their invitation, a verified e-mail leads to the account once. Sessions go on.',
  scope: SCOPE_ADMIN,
  params: OF_OPERATOR,
  query: NOTHING,
  replies: { 204: { description: 'It is forgotten.' } },
  faults: [...OF_BODIES, 'operator_unknown'],
};

const SIGN_OUT: Operation = {
  id: 'signOutOperator',
  tag: 'admin',
  summary: 'Sign somebody out everywhere',
  description: 'They may sign in again.',
  scope: SCOPE_ADMIN,
  params: OF_OPERATOR,
  query: NOTHING,
  replies: {
    200: { description: 'How often they were.', content: { 'application/json': Type.Object({ sessions: COUNT }) } },
  },
  faults: [...OF_BODIES, 'operator_unknown'],
};
