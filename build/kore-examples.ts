import { isJsonObject, type Json, type JsonObject } from '../src/model/json.ts';

/** One call of Kore.ai's routes, as the description of the API has it. */
interface Example {
  readonly name: string;
  readonly method: string;
  /** With `{name}` where a parameter stands. */
  readonly path: string;
  readonly body: Json | null;
}

/** The documentation's own files about Kore.ai's routes, by their path; made of the OpenAPI document. */
export function writeKoreExamples(document: JsonObject): Readonly<Record<string, string>> {
  const examples = readExamples(document);
  return {
    'docs/curl-kore.md': writePage(examples),
    'docs/kore.postman_collection.json': `${JSON.stringify(writeCollection(examples), null, 2)}\n`,
  };
}

function readExamples(document: JsonObject): Example[] {
  const paths = Object.entries(object(document['paths'])).filter(([path]) => path.startsWith('/api/public/'));
  return paths.flatMap(([path, methods]) =>
    Object.entries(object(methods)).map(([method, operation]) => {
      const { summary, requestBody } = object(operation);
      const body = requestBody === undefined ? null : (media(requestBody)['example'] ?? null);
      return { name: String(summary), method: method.toUpperCase(), path, body };
    }),
  );
}

const object = (value: Json | undefined): JsonObject => (isJsonObject(value) ? value : {});
const media = (requestBody: Json): JsonObject => object(object(object(requestBody)['content'])['application/json']);

const BOT = 'st-736ff917-d836-55b4-9a6b-3dad20c09af3';

function writePage(examples: readonly Example[]): string {
  const sections = examples.map(
    (example) => `## ${example.name}: \`${example.method}\`\n\n\`\`\`sh\n${toCurl(example)}\n\`\`\`\n`,
  );
  return `# curl for Kore.ai's routes

Made of the server's own description by \`npm run docs:examples\`; the same calls for Postman are in
\`docs/kore.postman_collection.json\`. \`$TOKEN\` is the app's JWT, for instance
\`TOKEN=$(npx beckon token --app cs-…)\`.

${sections.join('\n')}`;
}

function toCurl({ method, path, body }: Example): string {
  const url = `http://127.0.0.1:8080${path.replace('{botId}', BOT).replace('{requestId}', 'ds-…')}`;
  const verb = method === 'GET' || body !== null ? '' : ` -X ${method}`;
  const head = `curl${verb} ${url} \\\n  -H "auth: $TOKEN"`;
  if (body === null) return head;
  return `${head} -H 'content-type: application/json' \\\n  -d '${JSON.stringify(body).replaceAll("'", "'\\''")}'`;
}

function writeCollection(examples: readonly Example[]): JsonObject {
  return {
    info: {
      name: "Beckon: Kore.ai's routes",
      description: 'Set host, botId and auth (the JWT of an app). A send keeps its id for the status calls.',
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    variable: [
      { key: 'host', value: 'http://127.0.0.1:8080' },
      { key: 'botId', value: BOT },
      { key: 'auth', value: '' },
      { key: 'requestId', value: '' },
    ],
    item: examples.map(toItem),
  };
}

/** What Postman runs after a send, so that the status calls ask about it. */
const KEEP_ID = ["pm.collectionVariables.set('requestId', pm.response.json()._id);"];

function toItem({ name, method, path, body }: Example): JsonObject {
  const url = `{{host}}${path.replaceAll('{', '{{').replaceAll('}', '}}')}`;
  const auth = { key: 'auth', value: '{{auth}}' };
  if (body === null) return { name: `${name}: ${method}`, request: { method, header: [auth], url } };
  const header = [auth, { key: 'content-type', value: 'application/json' }];
  const raw = { mode: 'raw', raw: JSON.stringify(body, null, 2) };
  return {
    name: `${name}: ${method}`,
    event: [{ listen: 'test', script: { type: 'text/javascript', exec: KEEP_ID } }],
    request: { method, header, body: raw, url },
  };
}
