/** Nothing new is taken, so that what was accepted has the room it needs; the HTTP layer answers 503 with Retry-After. */
export class StoreFull extends Error {
  override readonly name = 'StoreFull';
}

/** The store cannot be reached or broke off; the HTTP layer answers 503 with Retry-After. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** The file is no database, or not a sound one: whoever looks after the server has to put a backup in its place. */
export class StoreDamaged extends Error {
  override readonly name = 'StoreDamaged';
}
