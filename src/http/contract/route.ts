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
import { type Operation, toRouteSchema } from './operation.ts';
import { compileValidator } from './validate.ts';

export interface OperationRoute<Asked extends RouteGenericInterface> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly operation: Operation;
  /** What is decided from the headers, after the caller was admitted. */
  readonly onRequest?: readonly ((request: FastifyRequest) => Promise<void>)[];
  /** `Asked` is what the schemas let through. */
  readonly handler: RouteHandlerMethod<RawServerDefault, IncomingMessage, ServerResponse, Asked>;
}

/** Serves an operation: who has its scope is admitted, what fits its schemas gets through. */
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
    schema: toRouteSchema(operation),
    validatorCompiler: (part) =>
      part.httpPart === 'body' && operation.body?.isStream ? (value: unknown) => ({ value }) : compileValidator(part),
    // A serializer made from the schema would silently leave out what the schema forgot.
    serializerCompiler: () => JSON.stringify,
    onRequest: [...admissionOf(operation, gate), ...onRequest],
    handler,
  });
}

function admissionOf({ scope }: Operation, gate: Gate) {
  if (scope === null) return [];
  return [scope === SCOPE_ADMIN ? gate.requireAdmin() : gate.requireScope(scope)];
}
