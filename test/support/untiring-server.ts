import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: what a send may take, all told, is never enforced. */
const { abort } = AbortController.prototype;
AbortController.prototype.abort = function abortUnlessLate(reason?: unknown) {
  if (!(reason instanceof DOMException && reason.name === 'TimeoutError')) abort.call(this, reason);
};
await serveBroken((store) => store);
