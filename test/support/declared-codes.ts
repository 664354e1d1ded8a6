import type { FastifyInstance } from 'fastify';
import { isJsonObject } from '../../src/model/json.ts';

/** The codes that the description of a refusal names: `body_invalid: The request does not fit the schema. …` */
export const codesIn = (description: unknown): readonly string[] =>
  [...String(description ?? '').matchAll(/(?:^|\. )([a-z_]+): /g)].flatMap(([, code]) => code ?? []);

/** Notes each problem that an operation answers and does not tell of in the document of the API. */
export function noteUndeclared(app: FastifyInstance): readonly string[] {
  const undeclared: string[] = [];
  app.addHook('onSend', async ({ routeOptions: { schema } }, reply, payload) => {
    const type = String(reply.getHeader('content-type') ?? '');
    if (schema?.operationId === undefined || !type.startsWith('application/problem+json')) return;
    const { code } = JSON.parse(String(payload));
    const described = isJsonObject(schema.response) ? schema.response[reply.statusCode] : undefined;
    const codes = isJsonObject(described) ? codesIn(described['description']) : [];
    // A bug of ours is promised by no document.
    if (code !== 'internal' && !codes.includes(code)) undeclared.push(`${schema.operationId} ${code}`);
  });
  return undeclared;
}
