import { Type } from 'typebox';
import { closed } from '../contract/fields.ts';
import type { Operation } from '../contract/operation.ts';

const json = (schema: ReturnType<typeof Type.Object>) => ({ 'application/json': schema });
const anything = Type.Object({}, { additionalProperties: true });

/** Of the server itself, by `METHOD url`. */
export const SERVER_OPERATIONS: Readonly<Record<string, Operation>> = {
  'GET /openapi.json': {
    id: 'getApiDocument',
    tag: 'server',
    summary: 'This document',
    description: 'OpenAPI 3.1, made from the schemas that judge the requests.',
    scope: null,
    replies: { 200: { description: 'The document.', content: json(anything) } },
    faults: [],
  },
  'GET /docs': {
    id: 'getReference',
    tag: 'server',
    summary: 'This document, for people',
    description: 'A page to read, search and try the API with.',
    scope: null,
    replies: { 200: { description: 'The page.', content: { 'text/html': Type.String() } } },
    faults: [],
  },
  'GET /docs/assets/:name': {
    id: 'getReferenceAsset',
    tag: 'server',
    summary: 'What that page is made of',
    description: 'Its scripts and its style sheet.',
    scope: null,
    params: closed({ name: Type.String({ description: 'A file.', examples: ['swagger-ui.css'] }) }),
    replies: {
      200: {
        description: 'The file.',
        content: { 'text/css': Type.String(), 'text/javascript': Type.String() },
      },
    },
    faults: ['route_unknown'],
  },
  'GET /docs/problems/:code': {
    id: 'getProblemPage',
    tag: 'server',
    summary: 'What a problem means, and what to do',
    description: 'Where the `docs` of a problem leads.',
    scope: null,
    params: closed({ code: Type.String({ description: "A problem's code.", examples: ['body_invalid'] }) }),
    replies: { 200: { description: 'The page.', content: { 'text/markdown': Type.String() } } },
    faults: ['route_unknown'],
  },
  'GET /healthz': {
    id: 'getHealth',
    tag: 'server',
    summary: 'Does the process run?',
    description: 'Touches nothing else.',
    scope: null,
    replies: { 200: { description: 'It does.', content: json(Type.Object({ status: Type.Literal('ok') })) } },
    faults: [],
  },
  'GET /readyz': {
    id: 'getReadiness',
    tag: 'server',
    summary: 'Can it do its work?',
    description: 'The database answers, and the server is not shutting down.',
    scope: null,
    replies: {
      200: {
        description: 'It can.',
        content: json(
          Type.Object({
            status: Type.Literal('ready'),
            store: Type.String(),
            schemaVersion: Type.Integer(),
            wal: Type.Optional(anything),
            waits: Type.Optional(
              Type.String({ description: 'What an operator has to decide before anything is sent.' }),
            ),
          }),
        ),
      },
    },
    faults: ['draining'],
  },
  'GET /metrics': {
    id: 'getMetrics',
    tag: 'server',
    summary: 'What the server counts',
    description: 'In the text format of Prometheus. Of this process, but for `beckon_queue_…`, which is of all nodes.',
    scope: null,
    replies: { 200: { description: 'The metrics.', content: { 'text/plain': Type.String() } } },
    faults: [],
  },
  'GET /.well-known/jwks.json': {
    id: 'getKeys',
    tag: 'server',
    summary: 'The key to which callers encrypt tokens',
    description: 'For apps that enforce JWE.',
    scope: null,
    replies: {
      200: {
        description: 'A JWK set.',
        content: { 'application/jwk-set+json': Type.Object({ keys: Type.Array(anything) }) },
      },
    },
    faults: [],
  },
};
