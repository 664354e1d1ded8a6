import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Clock, systemClock } from '../model/clock.ts';
import { openAnswering, send } from './answering.ts';
import { type BotSigner, openBotSigner } from './bot-signer.ts';
import { openControl } from './control.ts';
import { APPS, CREDENTIALS, GOOGLE_ACCOUNTS, type SandboxCredentials, TWILIO_ACCOUNT } from './credentials.ts';
import { openEntra } from './entra.ts';
import { FaultBook, type FaultRule } from './faults.ts';
import { openGoogleChat } from './google-chat.ts';
import { GoogleEvents } from './google-events.ts';
import { openGoogleToken } from './google-token.ts';
import { openGraph } from './graph.ts';
import { writeGuide } from './guide.ts';
import { HookSecrets, openHooks } from './hooks.ts';
import { Ledger, type LedgerMode } from './ledger.ts';
import { listen, readBody, readHeaders } from './listener.ts';
import { People, type PeopleChange } from './people.ts';
import { type Call, type Provider, type ProviderName, text } from './provider.ts';
import { openSlack } from './slack.ts';
import { SlackEvents } from './slack-events.ts';
import { openSmtp } from './smtp/relay.ts';
import { type SandboxStats, Stats } from './stats.ts';
import { openTeams } from './teams.ts';
import { TeamsDirectory } from './teams-directory.ts';
import { openTeamsEvents, type TeamsEvents } from './teams-events.ts';
import { openTwilio, type Twilio } from './twilio.ts';
import { type SandboxUrls, urlsAt } from './urls.ts';
import { Watchers } from './watchers.ts';
import { Webhooks } from './webhooks.ts';
import { openWebpush } from './webpush.ts';
import { openWhatsapp } from './whatsapp.ts';
import { type WhatsappChange, WhatsappEvents } from './whatsapp-events.ts';

export interface SandboxOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Of the mail relay. Default 0: any free port. */
  readonly smtpPort?: number;
  /** Decides which calls a fault with a rate strikes. Default 1. */
  readonly seed?: number;
  /** Time of rate windows, tokens, delays and the ledger. Default: the system's. */
  readonly clock?: Clock;
  /** The providers' documented rate limits, none, or those chosen. Default: documented. */
  readonly limits?: 'documented' | 'off' | Partial<SandboxLimits>;
  /** `counts` keeps numbers per recipient and no entries. Default: full. */
  readonly ledger?: LedgerMode;
  /** Who is not in `people` is unknown. Default: everybody exists, but for a few telling names (see `GET /`). */
  readonly strict?: boolean;
  readonly people?: PeopleChange;
  readonly faults?: readonly FaultRule[];
  /** Signing secrets (`whsec_…`) by hook name. */
  readonly hookSecrets?: Readonly<Record<string, readonly string[]>>;
  /** What Meta does with WhatsApp messages it took. Default: tells of sent, delivered and read; the 24 hours hold. */
  readonly whatsapp?: WhatsappChange;
  /** Default 3600. */
  readonly tokenLifetimeSeconds?: number;
}

export interface SandboxLimits {
  /** Teams: 7 in 1 s, 8 in 2 s, 60 in 30 s, 1,800 in 1 h per conversation. */
  readonly teamsPerThread: boolean;
  /** Teams: calls a second of one app to one tenant; 0 switches it off. Documented: 30. */
  readonly teamsPerTenantPerSecond: number;
  /** Graph: installations a second of one app; 0 switches it off. Documented: 30. */
  readonly graphInstallsPerSecond: number;
  /** Slack: tiers per token and method, and posts per channel. */
  readonly slack: boolean;
  /** Google Chat: one message a second per space, 3,000 writes and 3,000 reads a minute per project. */
  readonly googleChat: boolean;
  /** WhatsApp: 80 messages a second per number; per recipient 45 at once, then one in six seconds. */
  readonly whatsapp: boolean;
}

export interface Sandbox {
  readonly urls: SandboxUrls;
  readonly credentials: SandboxCredentials;
  readonly ledger: Ledger;
  readonly faults: FaultBook;
  readonly people: People;
  readonly hookSecrets: HookSecrets;
  /** Where the providers post their events to. */
  readonly webhooks: Webhooks;
  /** Lets people do things in Teams, and says so, signed. */
  readonly teams: TeamsEvents & { readonly signer: BotSigner };
  readonly slack: SlackEvents;
  readonly whatsapp: WhatsappEvents;
  /** What people do with the app in Google Chat. */
  readonly googleChat: GoogleEvents;
  /** Lets somebody answer a text message. */
  readonly twilio: Pick<Twilio, 'say'>;
  stats(): SandboxStats;
  /** Resolves as soon as the condition holds; it is asked again whenever a call comes in, is processed or ends. */
  until(condition: () => boolean): Promise<void>;
  /** Empties ledger and counters; faults, people and secrets are again those of the start. Webhook URLs stay. */
  reset(): void;
  /** Cuts every connection; resolves when the port is free. */
  close(): Promise<void>;
}

/** Starts the simulated providers on one port, the mail relay on another. Rejects with a sentence when it cannot listen. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const clock = options.clock ?? systemClock;
  const limits = chooseLimits(options.limits ?? 'documented');
  const faults = new FaultBook(options.seed ?? 1);
  const people = new People();
  const hookSecrets = new HookSecrets();
  const stats = new Stats();
  const watchers = new Watchers();
  const webhooks = new Webhooks({ onSettled: () => watchers.notify() });
  const ledger = new Ledger(options.ledger ?? 'full', clock, () => watchers.notify());

  const tokenLifetimeSeconds = options.tokenLifetimeSeconds ?? 3600;
  const entra = await openEntra(APPS, tokenLifetimeSeconds, clock);
  const directory = new TeamsDirectory(people);
  const signer = openBotSigner(clock);
  const teams = openTeams({ apps: APPS, entra, directory, signer, ledger, limits, clock });
  const teamsEvents = openTeamsEvents({
    bot: CREDENTIALS.teams,
    directory,
    signer,
    webhooks,
    serviceUrl: () => urls.teams,
    clock,
  });
  const graph = openGraph({
    apps: APPS,
    catalog: CREDENTIALS.teamsApp,
    entra,
    directory,
    faults,
    installsPerSecond: limits.graphInstallsPerSecond,
    clock,
  });
  const slackEvents = new SlackEvents({ app: CREDENTIALS.slack, people, webhooks, clock });
  const slackParts = { app: CREDENTIALS.slack, events: slackEvents, people, ledger, clock };
  const slack = openSlack({ ...slackParts, limited: limits.slack });
  const googleToken = openGoogleToken(GOOGLE_ACCOUNTS, tokenLifetimeSeconds, clock);
  const googleChat = openGoogleChat({ tokens: googleToken, people, ledger, limited: limits.googleChat, clock });
  const googleEvents = new GoogleEvents({ people, webhooks, clock });
  const whatsappParts = { credentials: CREDENTIALS.whatsapp, webhooks, clock };
  const whatsappEvents = new WhatsappEvents(whatsappParts, options.whatsapp);
  const whatsapp = openWhatsapp({
    credentials: CREDENTIALS.whatsapp,
    events: whatsappEvents,
    people,
    ledger,
    limited: limits.whatsapp,
    clock,
  });
  const hooks = openHooks({ secrets: hookSecrets, ledger, clock });
  const twilio = openTwilio({ account: TWILIO_ACCOUNT, people, ledger, webhooks, clock });
  const webpush = openWebpush({ vapidPublicKey: CREDENTIALS.webpush.vapidPublicKey, people, ledger, clock });
  const answering = openAnswering({ faults, clock });
  const control = openControl({
    ledger,
    faults,
    people,
    hookSecrets,
    webhooks,
    teams: teamsEvents,
    slack: slackEvents,
    whatsapp: whatsappEvents,
    googleChat: googleEvents,
    twilio,
    stats,
    watchers,
    clock,
    reset,
  });
  const providers: ReadonlyMap<string, readonly [ProviderName, Provider]> = new Map([
    ['login', ['login', entra]],
    ['teams', ['teams', teams]],
    ['graph', ['graph', graph]],
    ['slack', ['slack', slack]],
    ['googletoken', ['googletoken', googleToken]],
    ['googlekeys', ['googletoken', googleEvents]],
    ['googlechat', ['googlechat', googleChat]],
    ['whatsapp', ['whatsapp', whatsapp]],
    ['hooks', ['hooks', hooks]],
    ['twilio', ['twilio', twilio]],
    ['webpush', ['webpush', webpush]],
  ]);

  const host = options.host ?? '127.0.0.1';
  const smtpParts = { credentials: CREDENTIALS.smtp, ledger, faults, stats, watchers, clock };
  const smtp = await openSmtp({ host, port: options.smtpPort ?? 0, ...smtpParts });
  reset();
  const opening = listen({
    host,
    port: options.port ?? 0,
    onConnection: watchConnection,
    onRequest: receive,
  });
  const listener = await opening.catch(async (error: unknown) => {
    await smtp.close();
    throw error;
  });
  const urls = urlsAt(host, listener.port, smtp.port);
  const guide = writeGuide(urls, CREDENTIALS);
  return {
    urls,
    credentials: CREDENTIALS,
    ledger,
    faults,
    people,
    hookSecrets,
    webhooks,
    teams: { ...teamsEvents, signer },
    slack: slackEvents,
    whatsapp: whatsappEvents,
    googleChat: googleEvents,
    twilio,
    stats: () => stats.read(),
    until: (condition) => watchers.until(condition),
    reset,
    close,
  };

  function watchConnection(socket: Socket): void {
    stats.connected();
    watchers.notify();
    socket.once('close', () => {
      stats.disconnected();
      watchers.notify();
    });
  }

  function receive(request: IncomingMessage, response: ServerResponse): void {
    readBody(request, (raw) => {
      if (raw === null) send(response, text(413, 'The request body is longer than 4 MiB.\n'));
      else dispatch(request, raw, response).catch((error: unknown) => explainBug(error, response));
    });
  }

  async function dispatch(request: IncomingMessage, raw: Buffer, response: ServerResponse): Promise<void> {
    const [prefix, call] = toCall(request, raw);
    const target = providers.get(prefix);
    if (target !== undefined) return serveProvider(target[0], target[1], call, response);
    if (prefix === 'control') send(response, await control(call));
    else if (prefix === '') send(response, text(200, guide));
    else send(response, text(404, `There is nothing at /${prefix}. GET / says what is where.\n`));
  }

  async function serveProvider(name: ProviderName, provider: Provider, call: Call, response: ServerResponse) {
    const plan = provider.plan(call);
    const tally = stats.began(name, plan.route);
    watchers.notify();
    let status: number | null = null;
    try {
      status = await answering.answerPlan(name, provider, plan, response);
    } finally {
      stats.ended(tally, status);
      watchers.notify();
    }
  }

  function reset(): void {
    ledger.clear();
    stats.clear();
    webhooks.reset();
    teams.reset();
    graph.reset();
    signer.reset();
    directory.reset();
    slack.reset();
    googleChat.reset();
    googleEvents.reset();
    whatsapp.reset();
    smtp.reset();
    faults.set(options.faults ?? []);
    people.reset({ strict: options.strict ?? false, ...options.people });
    hookSecrets.reset({ [CREDENTIALS.hook.name]: [CREDENTIALS.hook.secret], ...options.hookSecrets });
  }

  async function close(): Promise<void> {
    answering.close();
    watchers.close();
    await Promise.all([listener.close(), smtp.close(), webhooks.close()]);
  }
}

function explainBug(error: unknown, response: ServerResponse): void {
  if (response.headersSent) response.destroy();
  else send(response, text(500, `The sandbox itself failed: ${error instanceof Error ? error.message : error}\n`));
}

const NO_LIMITS: SandboxLimits = {
  teamsPerThread: false,
  teamsPerTenantPerSecond: 0,
  graphInstallsPerSecond: 0,
  slack: false,
  googleChat: false,
  whatsapp: false,
};

function chooseLimits(limits: 'documented' | 'off' | Partial<SandboxLimits>): SandboxLimits {
  if (limits === 'off') return NO_LIMITS;
  const chosen = limits === 'documented' ? {} : limits;
  return {
    teamsPerThread: true,
    teamsPerTenantPerSecond: 30,
    graphInstallsPerSecond: 30,
    slack: true,
    googleChat: true,
    whatsapp: true,
    ...chosen,
  };
}

/** Splits `/teams/v3/conversations?x=1` into the prefix `teams` and the call behind it. */
function toCall(request: IncomingMessage, raw: Buffer): readonly [string, Call] {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const path = mount(mark < 0 ? url : url.slice(0, mark));
  const slash = path.indexOf('/', 1);
  const prefix = slash < 0 ? path.slice(1) : path.slice(1, slash);
  const call = {
    method: request.method ?? 'GET',
    path: slash < 0 ? '/' : path.slice(slash),
    query: mark < 0 ? '' : url.slice(mark + 1),
    headers: readHeaders(request.rawHeaders),
    raw,
    body: raw.toString('utf8'),
  };
  return [prefix, call];
}

/** Google's own clients take a host and drop its path, so its API is at the root as well. */
function mount(path: string): string {
  return path.startsWith('/v1/') ? `/googlechat${path}` : path;
}
