import { createServer } from 'node:http';

/*
 * The barest server Node can be, refusing every call: what a caller's process and the kernel spend on so many calls
 * whoever answers them, and what Node cannot do for less.
 */
const body = '{"errors":[{"msg":"Service Unavailable","code":503}]}';
const headers = ['retry-after', '1', 'content-type', 'application/json', 'content-length', String(body.length)];
const server = createServer((_call, answer) => answer.writeHead(503, headers).end(body));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address !== 'string') console.log(`refusing on http://127.0.0.1:${address.port}`);
});
