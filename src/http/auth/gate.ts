import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../model/clock.ts';
import { hasRole, type Operator, type Role } from '../../model/operator.ts';
import { type App, type Bot, SCOPE_ADMIN, type Tenancy } from '../../model/tenancy.ts';
import type { Store } from '../../store/port.ts';
import { Fault } from '../faults.ts';
import { operatorActs } from '../session/sessions.ts';
import { refuseReplay } from './jti.ts';
import type { FindPlatformKey } from './platform-key.ts';
import { RefusedTokens } from './refused-tokens.ts';
import { findToken, hasToken, verifyToken } from './token.ts';

/** Who calls. Set by the gate, before a byte of the body is read. */
export interface Actor {
  /** Of an operator who is signed in, what an app of their own would be. */
  readonly app: Pick<App, 'clientId' | 'kind' | 'bots'>;
  /** The token's subject; the client id when it names none. */
  readonly subject: string;
}

/** Who calls, for which bot. */
export interface Caller extends Actor {
  readonly bot: Bot;
}

/** What an operation asks of whoever calls it. */
export interface Access {
  /** What an app needs. */
  readonly scope: string;
  /** The least role of an operator. */
  readonly role: Role;
  /** There is a `:botId` in the path; else it is of no one bot. */
  readonly isOfBot: boolean;
}

export interface Gate {
  /**
   * A hook for `onRequest`: the token is good, its app has the scope and may use the bot in the path (`:botId`), or
   * the request ends in a `Fault`. Afterwards `callerOf(request)` answers.
   */
  requireScope(scope: string): (request: FastifyRequest) => Promise<void>;
  /**
   * The same, but that an operator who is signed in and has the role is let in as well. Of what is of no one bot
   * `actorOf(request)` answers afterwards.
   */
  requireAccess(access: Access): (request: FastifyRequest) => Promise<void>;
}

export interface GateParts {
  readonly tenancy: Tenancy;
  readonly store: Pick<Store, 'useJti'>;
  readonly clock: Clock;
  readonly platformKey: FindPlatformKey;
  readonly sessions: { find(request: FastifyRequest): Promise<Operator | null> };
  /** Of one address, and of one app, in a minute; 0: no limit. */
  readonly maxRefusedTokens: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null;
    actor: Actor | null;
  }
}

export function createGate(given: GateParts): Gate {
  const refused = new RefusedTokens({ clock: given.clock, most: given.maxRefusedTokens });
  const parts = { ...given, refused };
  return {
    requireScope: (scope) =>
      async function admitCaller(request) {
        request.caller = toCaller(request, await admitApp(request, scope, parts), parts.tenancy);
      },
    requireAccess: ({ scope, role, isOfBot }) =>
      async function admitActor(request) {
        const actor = hasToken(request.headers)
          ? await admitApp(request, scope, parts)
          : await admitOperator(request, role, parts);
        if (scope === SCOPE_ADMIN && actor.app.kind !== 'admin') throw new Fault('scope_missing');
        if (isOfBot) request.caller = toCaller(request, actor, parts.tenancy);
        else request.actor = actor;
      },
  };
}

interface AdmissionParts extends GateParts {
  readonly refused: RefusedTokens;
}

async function admitApp(request: FastifyRequest, scope: string, parts: AdmissionParts): Promise<Actor> {
  const given = findToken(request.headers);
  const token = await verifyToken(given, parts).catch((error) => parts.refused.refuse(request.ip, error));
  await refuseReplay(token, parts);
  if (!token.app.scopes.includes(scope)) throw new Fault('scope_missing');
  return { app: token.app, subject: token.subject };
}

async function admitOperator(request: FastifyRequest, role: Role, { sessions }: GateParts): Promise<Actor> {
  const operator = await sessions.find(request);
  if (operator === null) throw new Fault('token_missing');
  if (!hasRole(operator, role))
    throw new Fault('role_missing', `the role ${operator.role} is not enough: ask an admin`);
  return operatorActs(operator);
}

/** The caller of a request that went through the gate. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error(`${request.routeOptions.url} reads the caller but has no gate`);
  return request.caller;
}

/** Who acts, for a bot or for all. */
export function actorOf(request: FastifyRequest): Actor {
  const actor = request.caller ?? request.actor;
  if (actor === null) throw new Error(`${request.routeOptions.url} reads who acts but has no gate`);
  return actor;
}

function toCaller(request: FastifyRequest, actor: Actor, tenancy: Tenancy): Caller {
  return { ...actor, bot: findBotFor(actor.app, botIdOf(request), tenancy) };
}

function findBotFor(app: Actor['app'], botId: string, tenancy: Tenancy): Bot {
  const bot = tenancy.bot(botId);
  if (app.kind === 'builder' && (bot === null || !app.bots.includes(botId))) throw new Fault('bot_forbidden');
  if (bot === null) throw new Fault('bot_unknown');
  return bot;
}

function botIdOf(request: FastifyRequest): string {
  const { params } = request;
  if (typeof params === 'object' && params !== null && 'botId' in params) return String(params.botId);
  throw new Error(`${request.routeOptions.url} has no :botId`);
}
