import type { StoredReply } from '../../src/store/port/acceptance.ts';
import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: it looks whether an Idempotency-Key is new, and inserts it afterwards. */
const replies = new Map<string, StoredReply>();
await serveBroken((store) => ({
  ...store,
  findReply: async ({ key }) => replies.get(key) ?? null,
  async accept(request) {
    const { idempotency } = request;
    const earlier = idempotency === null ? undefined : replies.get(idempotency.key);
    if (earlier !== undefined) return { kind: 'replay', reply: earlier };
    const result = await store.accept({ ...request, idempotency: null });
    if (idempotency !== null) replies.set(idempotency.key, idempotency);
    return result;
  },
}));
