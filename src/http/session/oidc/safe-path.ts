const HERE = 'http://here.invalid';

/** Where somebody wanted to go, if that is a page of this server; else the first. Nobody is sent anywhere else. */
export function safePath(given: string | undefined): string {
  const url = given?.startsWith('/') ? URL.parse(given, HERE) : null;
  if (url === null || url.origin !== HERE) return '/';
  const path = url.pathname + url.search;
  // Dots may have been taken out of a path just now, and what two slashes begin is another host.
  return path.startsWith('//') || path.startsWith('/api/') ? '/' : path;
}
