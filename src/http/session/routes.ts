import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import type { Outbound } from '../../channels/outbound.ts';
import type { Logger } from '../../model/logger.ts';
import type { OidcProvider } from '../../model/oidc.ts';
import { normalEmail, type Operator } from '../../model/operator.ts';
import { hashToken } from '../../model/secret-token.ts';
import type { SecretLink } from '../../store/port/operators.ts';
import { entryOf } from '../contract/audit-of.ts';
import { addOperation } from '../contract/route.ts';
import { Fault } from '../faults.ts';
import { requireJsonBody } from '../media-type.ts';
import type { NativeContext } from '../native/context.ts';
import { readJsonBodies } from '../native/json-bodies.ts';
import { Attempts } from './attempts.ts';
import { type LINK_BODY, type SET_UP_BODY, type SIGN_IN_BODY, type SIGNED_IN, toSignedIn } from './documents.ts';
import { newOperator } from './links.ts';
import { addOidcRoutes, findSignOut, hrefOf, openProviders } from './oidc/routes.ts';
import { OPTIONS, SET_UP, SHOW, SIGN_IN, SIGN_IN_BY_LINK, SIGN_OUT } from './operations.ts';
import { assertGoodPassword, Passwords } from './passwords.ts';
import { assertSameOrigin } from './same-origin.ts';
import { operatorActs, type Sessions } from './sessions.ts';

export interface SessionRoutesOptions extends NativeContext {
  readonly sessions: Sessions;
  readonly publicUrl: string | null;
  readonly logger: Pick<Logger, 'warn'>;
  /** Where operators may be signed in besides here. */
  readonly oidc: readonly OidcProvider[];
  readonly outbound: Outbound;
}

type Answer = Promise<Static<typeof SIGNED_IN>>;

/** Signing in and out. A Fastify plugin, under the native prefix. */
export async function sessionRoutes(app: FastifyInstance, options: SessionRoutesOptions): Promise<void> {
  const { gate, store, tenancy, sessions } = options;
  readJsonBodies(app);
  app.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'));
  const fromHere = async (request: FastifyRequest) => assertSameOrigin(request, options.publicUrl);
  const post = { method: 'POST', onRequest: [fromHere, requireJsonBody] } as const;
  const url = '/session';
  const elsewhere = options.oidc.map((provider) => ({ id: provider.id, name: provider.name, href: hrefOf(provider) }));
  addOperation(app, gate, {
    method: 'GET',
    url: `${url}/options`,
    operation: OPTIONS,
    handler: async () => ({ needsSetup: (await store.listOperators()).length === 0, oidc: elsewhere }),
  });
  addOperation(app, gate, {
    method: 'GET',
    url,
    operation: SHOW,
    handler: async (request: FastifyRequest): Answer => {
      const operator = await sessions.find(request);
      if (operator === null) throw new Fault('session_missing', 'sign in');
      return toSignedIn(operator, tenancy);
    },
  });
  const passwords = new Passwords();
  const attempts = new Attempts(options);
  const providers = openProviders(options);
  const tools = { ...options, passwords, attempts, providers };
  addOperation(app, gate, { ...post, url, operation: SIGN_IN, handler: createSignIn(tools) });
  addOperation(app, gate, { ...post, url: `${url}/setup`, operation: SET_UP, handler: createSetUp(tools) });
  addOperation(app, gate, {
    ...post,
    url: `${url}/link`,
    operation: SIGN_IN_BY_LINK,
    handler: createLinkSignIn(tools),
  });
  addOperation(app, gate, {
    method: 'DELETE',
    url,
    operation: SIGN_OUT,
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      const provider = await sessions.end({ request, reply });
      const location = provider === null ? null : await findSignOut(providers, { provider, logger: options.logger });
      return location === null ? reply.code(204).send() : reply.send({ location });
    },
  });
  addOidcRoutes(app, tools);
}

interface Tools extends SessionRoutesOptions {
  readonly passwords: Passwords;
  readonly attempts: Attempts;
}

function createSignIn({ store, tenancy, sessions, passwords, attempts, logger }: Tools) {
  return async function signIn(
    request: FastifyRequest<{ Body: Static<typeof SIGN_IN_BODY> }>,
    reply: FastifyReply,
  ): Answer {
    const email = normalEmail(request.body.email);
    const forgive = await attempts.count({ account: email, address: request.ip });
    const account = await store.findAccount({ email });
    const isRight = await passwords.matches(request.body.password, account?.password ?? null);
    if (!isRight || account === null || account.operator.disabledAt !== null) {
      logger.warn('sign-in refused', {
        reason: account === null ? 'unknown' : isRight ? 'disabled' : 'wrong_password',
      });
      throw new Fault('sign_in_refused', 'check both; an admin can send a new invitation');
    }
    await forgive();
    await sessions.open({ request, reply }, account.operator);
    return toSignedIn(account.operator, tenancy);
  };
}

/** A link cannot be guessed, so it says by itself who comes; only the work on the password is bounded. */
function createSetUp({ store, tenancy, sessions, passwords, clock }: Tools) {
  return async function setUp(
    request: FastifyRequest<{ Body: Static<typeof SET_UP_BODY> }>,
    reply: FastifyReply,
  ): Answer {
    const { token, password, name = '', email = '' } = request.body;
    const hash = hashToken(token);
    const at = clock.now();
    const link = await store.findLink({ hash, at });
    if (link === null) throw new Fault('link_refused', ASK_AGAIN);
    const who = { name: name.trim(), email: normalEmail(email), role: 'admin', bots: [] } as const;
    const operator = newOperator(who, clock);
    if (link.kind === 'set_up' && (operator.email === '' || operator.name === ''))
      throw new Fault(
        'body_invalid',
        'a first admin needs a name and an email',
        {},
        operator.name === '' ? '/name' : '/email',
      );
    assertGoodPassword(password, [operator.email, operator.name]);
    const audit = entryOf(request, operatorActs(operator), { at, target: operator.id });
    const made = await store.redeemLink({ hash, at, password: await passwords.hash(password), operator, audit });
    if (made === null) throw new Fault('link_refused', ASK_AGAIN);
    await sessions.open({ request, reply }, made);
    return toSignedIn(made, tenancy);
  };
}

function createLinkSignIn({ store, tenancy, sessions, clock }: Tools) {
  return async function signInByLink(
    request: FastifyRequest<{ Body: Static<typeof LINK_BODY> }>,
    reply: FastifyReply,
  ): Answer {
    const asked = { hash: hashToken(request.body.token), at: clock.now() };
    const operator = await operatorBehind(await store.findLink(asked));
    // Taken only if it is good for this, so that no other link is used up by mistake.
    if (operator === null || (await store.takeLink(asked)) === null) throw new Fault('link_refused', ASK_AGAIN);
    await sessions.open({ request, reply }, operator);
    return toSignedIn(operator, tenancy);
  };

  async function operatorBehind(link: SecretLink | null): Promise<Operator | null> {
    if (link?.kind !== 'sign_in') return null;
    const operator = await store.findOperator({ operatorId: link.about });
    return operator?.disabledAt === null ? operator : null;
  }
}

const ASK_AGAIN = 'an admin can make a new one; the first is printed when the server starts';
