import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../model/clock.ts';
import { type App, type Bot, SCOPE_ADMIN, type Tenancy } from '../../model/tenancy.ts';
import type { Store } from '../../store/port.ts';
import { Fault } from '../faults.ts';
import { refuseReplay } from './jti.ts';
import type { PlatformKey } from './platform-key.ts';
import { findToken, verifyToken } from './token.ts';

/** Who calls. Set by the gate, before a byte of the body is read. */
export interface Operator {
  readonly app: App;
  /** The token's subject; the client id when it names none. */
  readonly subject: string;
}

/** Who calls, for which bot. */
export interface Caller extends Operator {
  readonly bot: Bot;
}

export interface Gate {
  /**
   * A hook for `onRequest`: the token is good, its app has the scope and may use the bot in the path (`:botId`), or
   * the request ends in a `Fault`. Afterwards `callerOf(request)` answers.
   */
  requireScope(scope: string): (request: FastifyRequest) => Promise<void>;
  /** The same for what is of no one bot: the app is of kind `admin` and has the scope. `operatorOf(request)` answers. */
  requireAdmin(): (request: FastifyRequest) => Promise<void>;
}

export interface GateParts {
  readonly tenancy: Tenancy;
  readonly store: Pick<Store, 'useJti'>;
  readonly clock: Clock;
  readonly platformKey: PlatformKey;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | null;
    operator: Operator | null;
  }
}

export function createGate(parts: GateParts): Gate {
  return {
    requireScope: (scope) =>
      async function admitCaller(request) {
        const operator = await admit(request, scope, parts);
        const bot = findBotFor(operator.app, botIdOf(request), parts.tenancy);
        request.caller = { ...operator, bot };
      },
    requireAdmin: () =>
      async function admitOperator(request) {
        const operator = await admit(request, SCOPE_ADMIN, parts);
        if (operator.app.kind !== 'admin') throw new Fault('scope_missing');
        request.operator = operator;
      },
  };
}

async function admit(request: FastifyRequest, scope: string, parts: GateParts): Promise<Operator> {
  const token = await verifyToken(findToken(request.headers), parts);
  await refuseReplay(token, parts);
  if (!token.app.scopes.includes(scope)) throw new Fault('scope_missing');
  return { app: token.app, subject: token.subject };
}

/** The caller of a request that went through the gate. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error(`${request.routeOptions.url} reads the caller but has no gate`);
  return request.caller;
}

/** Who acts, for a bot or for all. */
export function operatorOf(request: FastifyRequest): Operator {
  const operator = request.caller ?? request.operator;
  if (operator === null) throw new Error(`${request.routeOptions.url} reads who acts but has no gate`);
  return operator;
}

function findBotFor(app: App, botId: string, tenancy: Tenancy): Bot {
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
