import { readFile } from 'node:fs/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { policyFor } from './console/policy.ts';
import { Fault } from './faults.ts';

/** The description of the API for people to read, and to try: Swagger UI over `/openapi.json`, all of it from here. */
export const REFERENCE = '/docs';

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Beckon API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${REFERENCE}/assets/swagger-ui.css">
<main id="reference"></main>
<script src="${REFERENCE}/assets/swagger-ui-bundle.js"></script>
<script src="${REFERENCE}/assets/show.js"></script>
</html>
`;

/** Nothing is kept, so no token outlives the page; and nobody else is asked to judge the document. */
const SHOW = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  filter: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: -1,
  persistAuthorization: false,
  validatorUrl: null,
});
`;

const TYPES: Readonly<Record<string, string>> = {
  'show.js': 'text/javascript; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'swagger-ui.css': 'text/css; charset=utf-8',
};

/** The policy's nonce is told to nobody: no script and no style sheet is let in but files of ours. */
const policy = () => policyFor(crypto.randomUUID());

export async function showReference(_request: FastifyRequest, reply: FastifyReply): Promise<string> {
  reply.headers(policy()).type('text/html; charset=utf-8');
  return PAGE;
}

export async function showReferenceAsset(
  request: FastifyRequest<{ Params: { readonly name: string } }>,
  reply: FastifyReply,
): Promise<string> {
  const { name } = request.params;
  const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
  if (type === undefined) throw new Fault('route_unknown');
  reply.headers({ ...policy(), 'cache-control': 'public, max-age=3600' }).type(type);
  return name === 'show.js' ? SHOW : readFile(placeOf(name), 'utf8');
}

/** A package brings them along; a checkout has the package they come from. */
function placeOf(name: string): URL {
  const packed = new URL(`../reference/${name}`, import.meta.url);
  return import.meta.url.endsWith('.js') ? packed : new URL(import.meta.resolve(`swagger-ui-dist/${name}`));
}
