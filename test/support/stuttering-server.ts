import { serveTravelling } from './serve-travelling.ts';

/** A travelling server with one deliberate fault: a page of suppressions begins with the last entry of the page before. */
await serveTravelling((store) => ({
  ...store,
  async listSilences(page) {
    const all = await store.listSilences({ ...page, afterIdentity: '', limit: 10_000 });
    return all.filter(({ identity }) => identity >= page.afterIdentity).slice(0, page.limit);
  },
}));
