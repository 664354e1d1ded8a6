import { readFile } from 'node:fs/promises';
import swagger from '@fastify/swagger';
import Fastify, { type FastifySchema } from 'fastify';
import { PROBLEM, TAGS, toRouteSchema } from '../contract/operation.ts';
import { AUDIT_ENTRY } from '../native/admin/audit-documents.ts';
import { MANAGED_APP, MANAGED_BOT, MANAGED_CONNECTION } from '../native/admin/documents.ts';
import { OPERATOR } from '../native/admin/operators.ts';
import { SUPPRESSION } from '../native/connections.ts';
import { NOTIFICATION_SUMMARY } from '../native/notification-documents.ts';
import { PERSON } from '../native/person-document.ts';
import { RECIPIENT } from '../native/recipient-document.ts';
import { TEMPLATE_SUMMARY } from '../native/template-body.ts';
import { CALLBACK_OPERATIONS } from './callback-operations.ts';
import { JOB_LOG, KORE_ERROR, KORE_OPERATIONS } from './kore-operations.ts';
import type { RecordedRoute } from './record-routes.ts';
import { SERVER_OPERATIONS } from './server-operations.ts';

/** Schemas that have a name in the document. */
const SHARED = [
  PROBLEM,
  NOTIFICATION_SUMMARY,
  RECIPIENT,
  TEMPLATE_SUMMARY,
  PERSON,
  SUPPRESSION,
  AUDIT_ENTRY,
  MANAGED_BOT,
  MANAGED_CONNECTION,
  MANAGED_APP,
  OPERATOR,
  KORE_ERROR,
  JOB_LOG,
];

/**
 * What is served without being judged by a schema: Kore's surface is frozen and judges by itself, providers' callbacks are
 * the providers' own. By `METHOD url`.
 */
const ELSEWHERE: Readonly<Record<string, FastifySchema>> = {
  ...KORE_OPERATIONS,
  ...Object.fromEntries(
    Object.entries({ ...CALLBACK_OPERATIONS, ...SERVER_OPERATIONS }).map(([route, operation]) => [
      route,
      toRouteSchema(operation, route.split(' ')[0] ?? ''),
    ]),
  ),
};

/** The OpenAPI document of these routes, as JSON. Rejects when one of them is not described anywhere. */
export async function writeDocument(routes: readonly RecordedRoute[]): Promise<string> {
  const app = Fastify();
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: await readInfo(),
      servers: [{ url: '/', description: 'This server.' }],
      tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
      components: { securitySchemes: SECURITY },
    },
    convertConstToEnum: false,
    refResolver: { buildLocalReference: ({ $id }, _base, _fragment, index) => String($id ?? `schema-${index}`) },
  });
  for (const schema of SHARED) app.addSchema(schema);
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  for (const { method, url, schema = ELSEWHERE[`${method} ${url}`] } of routes) {
    if (schema === undefined) throw new Error(`${method} ${url} is described nowhere`);
    app.route({ method, url, schema, exposeHeadRoute: false, handler: () => null });
  }
  await app.ready();
  const document = JSON.stringify(app.swagger());
  await app.close();
  return document;
}

const SECURITY = {
  auth: {
    type: 'apiKey',
    in: 'header',
    name: 'auth',
    description:
      'A JWT that one of the configured apps signed; x-scope of an operation is the scope the app must have.',
  },
  bearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The same JWT as `Authorization: Bearer`.',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'beckon-session',
    description:
      'An operator who is signed in to the console; behind HTTPS the name begins with __Host-. x-role of an operation is the least role it takes. What is no GET has to come from the console’s own pages.',
  },
} as const;

async function readInfo() {
  const { version, license } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'));
  return {
    title: 'Beckon',
    version: String(version),
    description:
      'Tells people things, and can say at any moment what became of every one of them. What is refused is refused as a problem (RFC 9457) with a stable code; the routes under /api/public answer as Kore.ai documents.',
    contact: { name: 'Beckon' },
    license: { name: String(license), identifier: String(license) },
  };
}
