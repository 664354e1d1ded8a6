import assert from 'node:assert/strict';
import { isJsonObject, type JsonObject } from '../../src/model/json.ts';
import type { OidcProvider } from '../../src/model/oidc.ts';
import type { Operator } from '../../src/model/operator.ts';
import { hashToken } from '../../src/model/secret-token.ts';
import { CookieBrowser, locationOf } from './cookie-browser.ts';
import { freePort } from './free-port.ts';
import { BOT, type Rig, startRig } from './http-rig.ts';
import { startProvider, type TestProvider } from './identity-provider.ts';
import { addOperator } from './operators.ts';

/** A server, a real provider beside it, and browsers that go from one to the other. */
export interface OidcStage {
  readonly provider: TestProvider;
  readonly rig: Rig;
  /** Where a browser begins. */
  readonly start: string;
  /** Somebody whom the provider knows under this name, by the e-mail that they are invited with. */
  invite(login: string, who?: Partial<Operator>): Promise<Operator>;
  change(operator: Operator, changes: Partial<Operator>): Promise<void>;
  /** As far as the provider sends the browser back; answers to which address. Null: they would rather not. */
  goThere(browser: CookieBrowser, login: string | null, options?: GoingThere): Promise<string>;
  /** The whole way. */
  signIn(
    login: string,
    browser?: CookieBrowser,
  ): Promise<{ readonly id: string | null; readonly refused: string | null }>;
  /** Who is signed in in a browser. */
  whoIs(browser: CookieBrowser): Promise<JsonObject | null>;
  /** Whose session a browser of another test holds. */
  ownerOf(cookie: string): Promise<Operator>;
  close(): Promise<void>;
}

export interface GoingThere {
  readonly returnTo?: string;
  /** What somebody in between makes of the address at the provider. */
  readonly meddle?: (url: string) => string;
  /** Who is signed in and is to be known there as well. */
  readonly linkFor?: string;
}

/** From our own pages, as browsers say. */
export const HERE = { 'sec-fetch-site': 'same-origin' };

export async function openOidcStage({
  rules = [],
  signOutThere = false,
}: Partial<Pick<OidcProvider, 'rules' | 'signOutThere'>> = {}): Promise<OidcStage> {
  const publicUrl = `http://127.0.0.1:${await freePort()}/`;
  const provider = await startProvider(`${publicUrl}api/v1/session/oidc/staff/callback`);
  const rig = await startRig({ publicUrl, oidc: [{ ...provider.configuration, rules, signOutThere }] });
  const start = `${rig.url}/api/v1/session/oidc/staff`;

  async function goThere(browser: CookieBrowser, login: string | null, options: GoingThere = {}): Promise<string> {
    const { returnTo = '/', meddle = (url) => url, linkFor } = options;
    let url = meddle(await (linkFor === undefined ? begin(browser, returnTo) : beginLink(browser, returnTo, linkFor)));
    while (!url.startsWith(start)) {
      const isForm = url.includes('/sign-in/');
      const body = new URLSearchParams(login === null ? { deny: 'yes' } : { login });
      url = locationOf(await browser.visit(url, isForm ? { method: 'POST', body } : {}), url);
    }
    return url;
  }

  async function begin(browser: CookieBrowser, returnTo: string): Promise<string> {
    const from = `${start}?${new URLSearchParams({ returnTo })}`;
    return locationOf(await browser.visit(from, { headers: HERE }), from);
  }

  async function beginLink(browser: CookieBrowser, returnTo: string, cookie: string): Promise<string> {
    const headers = { ...HERE, cookie, 'content-type': 'application/json' };
    const reply = await browser.visit(`${start}/link`, { method: 'POST', headers, body: JSON.stringify({ returnTo }) });
    const answer: unknown = await reply.json();
    assert.ok(isJsonObject(answer) && typeof answer['location'] === 'string', JSON.stringify(answer));
    return answer['location'];
  }

  async function whoIs(browser: CookieBrowser): Promise<JsonObject | null> {
    const session: unknown = await (await browser.visit(`${rig.url}/api/v1/session`, { headers: HERE })).json();
    return isJsonObject(session) && isJsonObject(session['operator']) ? session['operator'] : null;
  }

  return {
    provider,
    rig,
    start,
    goThere,
    whoIs,
    async invite(login, who = {}) {
      const operator = await addOperator(rig, { bots: [BOT], ...who });
      provider.people.set(login, { email: operator.email, email_verified: true });
      return operator;
    },
    async change({ id: operatorId }, changes) {
      assert.equal(await rig.store.changeOperator({ operatorId, changes, audit: entry() }), 'changed');
    },
    async signIn(login, browser = new CookieBrowser()) {
      const reply = await browser.visit(await goThere(browser, login));
      const id = (await whoIs(browser))?.['id'];
      return { id: typeof id === 'string' ? id : null, refused: refusalOf(reply) };
    },
    async ownerOf(cookie) {
      const at = rig.clock.now();
      const found = await rig.store.findSession({ hash: hashToken(cookie.split('=')[1] ?? ''), at, idleSince: at - 1 });
      assert.ok(found);
      return found.operator;
    },
    async close() {
      await rig.close();
      await provider.stop();
    },
  };
}

/** Why the sign-in page is shown; null: it is another page, or the provider's. */
export function refusalOf(reply: Response): string | null {
  assert.equal(reply.status, 303);
  const [path = '', query] = (reply.headers.get('location') ?? '').split('?', 2);
  return path === '/sign-in' ? new URLSearchParams(query).get('refused') : null;
}

export const entry = () => ({
  botId: null,
  at: 1,
  appId: 'op-1',
  subject: 'op-1',
  action: 'changeOperator',
  target: null,
  before: null,
  after: null,
  ip: null,
});
