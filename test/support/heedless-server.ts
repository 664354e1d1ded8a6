import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: it takes NUL and halves of surrogate pairs for texts like any other. */
const { includes } = String.prototype;
Object.assign(String.prototype, {
  isWellFormed: () => true,
  includes(this: string, part: string, from?: number) {
    return part !== '\0' && includes.call(this, part, from);
  },
});
await serveBroken((store) => store);
