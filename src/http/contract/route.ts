import type { IncomingMessage, ServerResponse } from 'node:http';
import type {
  FastifyInstance,
  FastifyRequest,
  RawServerDefault,
  RouteGenericInterface,
  RouteHandlerMethod,
} from 'fastify';

import { SCOPE_ADMIN } from '../../model/tenancy.ts';
import type { Gate } from '../auth/gate.ts';
import { leastRole, type Operation, toRouteSchema } from './operation.ts';
import { compileValidator } from './validate.ts';

export interface OperationRoute<Asked extends RouteGenericInterface> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly operation: Operation;
  /** What is decided from the headers, after the caller was admitted. */
  readonly onRequest?: readonly ((request: FastifyRequest) => Promise<void>)[];
  /** `Asked` is what the schemas let through. */
  readonly handler: RouteHandlerMethod<RawServerDefault, IncomingMessage, ServerResponse, Asked>;
}

/** Serves an operation: who has its scope or its role is admitted, what fits its schemas gets through. */
export function addOperation<Asked extends RouteGenericInterface>(
  app: FastifyInstance,
  gate: Gate,
  route: OperationRoute<Asked>,
): void {
  const { method, url, operation, onRequest = [], handler } = route;
  app.route<Asked>({
    method,
    url,
    exposeHeadRoute: false,
    schema: toRouteSchema(operation, method),
    validatorCompiler: (part) =>
      part.httpPart === 'body' && operation.body?.isStream ? (value: unknown) => ({ value }) : compileValidator(part),
    // A serializer made from the schema would silently leave out what the schema forgot.
    serializerCompiler: () => JSON.stringify,
    onRequest: [...admissionOf(route, gate), ...onRequest],
    handler,
  });
}

function admissionOf(
  { operation, method, url }: Pick<OperationRoute<never>, 'operation' | 'method' | 'url'>,
  gate: Gate,
) {
  const { scope } = operation;
  if (scope === null) return [];
  const isOfBot = scope !== SCOPE_ADMIN && url.includes('/:botId');
  return [gate.requireAccess({ scope, role: leastRole(operation, method), isOfBot })];
}
