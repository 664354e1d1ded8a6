/**
 * Libraries put `<style>` elements into the page (scroll locks, scroll areas, selects), which its Content-Security-Policy
 * takes only with the nonce that the server wrote into it. Not all of them can be told, so each is born with it.
 */
export function signStyles(page: Document): void {
  const nonce = page.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
  if (nonce === undefined) return;
  const create = page.createElement.bind(page);
  page.createElement = (name: string, options?: ElementCreationOptions) => {
    const element = create(name, options);
    if (element instanceof HTMLStyleElement) element.nonce = nonce;
    return element;
  };
}
