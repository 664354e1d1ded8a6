/** As much of a browser as signing in takes: cookies of each host, and redirects that are followed one at a time. */
export class CookieBrowser {
  readonly #jars = new Map<string, Map<string, string>>();

  /** The answer itself, also where it leads elsewhere. */
  async visit(url: string, init: RequestInit & { readonly headers?: Record<string, string> } = {}): Promise<Response> {
    const jar = this.jar(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...(cookie !== '' && { cookie }), ...init.headers };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const each of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(each) ?? [];
      if (value === '' || /max-age=0|expires=Thu, 01 Jan 1970/i.test(each)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  /** Of the host of this address, by name. */
  jar(url: string): Map<string, string> {
    const { host } = new URL(url);
    const jar = this.#jars.get(host) ?? new Map<string, string>();
    this.#jars.set(host, jar);
    return jar;
  }
}

export function locationOf(response: Response, from: string): string {
  const location = response.headers.get('location');
  if (location === null) throw new Error(`${from} answered ${response.status} and leads nowhere`);
  return new URL(location, from).href;
}
