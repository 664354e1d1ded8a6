/**
 * Libraries put `<style>` elements into the page (scroll locks, scroll areas, selects), which its Content-Security-Policy
 * takes only with the nonce that the server wrote into it. Not all of them can be told, so each is born with it.
 */
export function signStyles(page: Document): void {
  const nonce = pageNonce(page);
  if (nonce === null) return;
  const create = page.createElement.bind(page);
  page.createElement = (name: string, options?: ElementCreationOptions) => {
    const element = create(name, options);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    return element;
  };
}

/** What the server wrote into the page; null: the page is not the server's. */
export const pageNonce = (page: Document): string | null =>
  page.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? null;
