const PAGES = ['setup', 'invitation', 'sign-in'] as const;

/** A link of the server: `page` says what it is good for, `token` that whoever follows it was given it. */
export interface Link {
  readonly page: (typeof PAGES)[number];
  readonly token: string;
}

/** The token stands behind the #, where no server and no log in between sees it. Null: the address is no such link. */
export function linkOf({ pathname, hash }: Pick<Location, 'pathname' | 'hash'>): Link | null {
  const page = PAGES.find((name) => pathname === `/${name}`);
  const token = hash.slice(1);
  return page === undefined || token === '' ? null : { page, token };
}

/** Nobody who looks over a shoulder, or into the history, finds a token. */
export const forgetToken = (): void => window.history.replaceState(null, '', window.location.pathname);
