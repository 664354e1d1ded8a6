import { connectionId } from '../../src/model/ids.ts';
import { isJsonObject } from '../../src/model/json.ts';
import type { FaultRule } from '../../src/sandbox/faults.ts';
import type { ProviderName } from '../../src/sandbox/provider.ts';
import { subscriptionAt } from '../../src/sandbox/push-subscriptions.ts';
import { listOperations } from './api-document.ts';
import { type CanaryStage, PUBLIC_URL } from './canary-stage.ts';

/** Whom everything is about: nobody else is called anything of this. */
const PERSON = {
  email: 'quillfeather@aviary.example',
  phone: '+4915199887766',
  name: 'Peregrine Quillfeather',
  note: 'nests behind the chimney',
  address: '29:quillfeather-roost',
  browser: 'quillfeather-browser',
  words: 'Your feathers are ready for collection',
} as const;
const PASSWORD = 'nine damp wagtails';

/** By channel: who is simulated, and how a send names the person. */
const CHANNELS: readonly (readonly [channel: string, provider: ProviderName, identity: string])[] = [
  ['msteams', 'teams', PERSON.email],
  ['slack', 'slack', PERSON.email],
  ['hangoutchat', 'googlechat', 'spaces/QUILLFEATHER'],
  ['whatsapp', 'whatsapp', PERSON.phone],
  ['ivr', 'hooks', PERSON.email],
  ['email', 'smtp', PERSON.email],
  ['sms', 'twilio', PERSON.phone],
  ['webpush', 'webpush', PERSON.email],
];

/** Everything there is to do, well and badly. */
export async function liveThrough(stage: CanaryStage): Promise<void> {
  for (const [name, text] of Object.entries(PERSON)) stage.canaries.plant('personal', `their ${name}`, text);
  await knowPeople(stage);
  const sent = await sendWell(stage);
  await unsubscribe(stage);
  await amend(stage, sent);
  await sendBadly(stage);
  await manage(stage);
  await signIn(stage);
  await callEverything(stage, sent);
  stage.hearServer();
}

async function knowPeople({ client, botId, sandbox }: CanaryStage): Promise<void> {
  const { endpoint, keys } = subscriptionAt(sandbox.urls.webpush, PERSON.browser);
  const addresses = [
    {
      channel: 'msteams',
      channelId: PERSON.address,
      reference: { conversationId: 'a:1', serviceUrl: sandbox.urls.teams },
    },
    { channel: 'webpush', channelId: endpoint, reference: keys },
  ];
  const { email, phone, name, note } = PERSON;
  const bad = [
    { email: `${PERSON.name} is no address` },
    { email, locale: PERSON.note },
    { email, phone: PERSON.words },
  ];
  const lines = [{ email, phone, name, attributes: { note }, addresses }, ...bad];
  const people = new Blob(lines.map((line) => `${JSON.stringify(line)}\n`)).stream();
  await client.importPeople({ botId, people, mediaType: 'application/x-ndjson' });
}

/** Over each channel, and over Kore's routes; answers the ids. */
async function sendWell(stage: CanaryStage): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const [channel, , identity] of CHANNELS) ids.push(await send(stage, channel, identity));
  const { client, botId } = stage;
  const message = { type: 'text', val: PERSON.words } as const;
  const identities = [PERSON.email];
  const { _id } = await client.notify({
    botId,
    body: { channel: 'slack', userIdentityType: 'resolve', message, identities },
  });
  const said = { type: 'text', value: PERSON.words } as const;
  await client.notifyV2({ botId, body: { channel: 'slack', message: said, identities: [{ email: PERSON.email }] } });
  await Promise.all([...ids, _id].map((id) => untilOver(stage, id)));
  return [...ids, _id];
}

async function send({ client, botId }: CanaryStage, channel: string, identity: string): Promise<string> {
  const message = { type: 'text', val: PERSON.words } as const;
  const parameters = { note: PERSON.note };
  const { id } = await client.notifications.send({
    botId,
    body: { channel, message, recipients: [identity], parameters },
  });
  return id;
}

async function untilOver({ client, botId }: CanaryStage, notificationId: string): Promise<void> {
  for await (const { event } of client.events({ botId, notificationId })) if (event === 'end') return;
}

/** By the link in a mail, and by others like it. */
async function unsubscribe(stage: CanaryStage): Promise<void> {
  const [mail] = stage.sandbox.ledger.entries({ provider: 'smtp' });
  const link = /List-Unsubscribe:\s*<([^>]+)>/i.exec((mail?.body ?? '').replaceAll(/\r?\n[ \t]+/g, ''))?.[1];
  if (link === undefined) throw new Error('the mail has no link to unsubscribe by');
  const { pathname, search } = new URL(link);
  for (const [key, value] of new URLSearchParams(search))
    stage.canaries.plant('secret', `${key} of an unsubscribe link`, value);
  for (const query of [search, search.slice(0, -3)]) {
    await stage.ask(pathname + query);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    await stage.ask(pathname + query, { method: 'POST', headers, body: 'List-Unsubscribe=One-Click' });
  }
  const [verifyToken = ''] = (stage.secrets['whatsapp'] ?? []).slice(-1);
  const query = new URLSearchParams({ 'hub.mode': 'subscribe', 'hub.challenge': '1', 'hub.verify_token': verifyToken });
  await stage.ask(`/channels/${connectionId(stage.botId, 'whatsapp', null)}/events?${query}`);
}

/** What is done about what was sent, and said once more. */
async function amend(stage: CanaryStage, [teams = '', slack = '']: readonly string[]): Promise<void> {
  const { client, botId } = stage;
  const message = { type: 'text', val: `${PERSON.words}, once more` } as const;
  const edit = await client.edit({ botId, notificationId: teams, message });
  const recall = await client.recall({ botId, notificationId: slack });
  for (const id of [edit.editId, recall.recallId]) if (id !== null) await untilOver(stage, id);
  const recipients = [PERSON.email, PERSON.name];
  const preflight = await client.notifications.preflight({ botId, body: { channel: 'slack', message, recipients } });
  if (preflight.planId !== null) await client.notifications.launch({ botId, body: { planId: preflight.planId } });
  await client.templates.put({ botId, name: 'feathers', definition: { variants: { en: { message } }, default: 'en' } });
  await client.templates.preview({ botId, name: 'feathers', channel: 'slack', recipients: [PERSON.email] });
  await client.notifications.list({ botId, limit: 5 });
  await client.people.list({ botId, q: PERSON.name });
}

/** Providers that hang up, refuse and repeat what they were given, and do not know us any more. */
async function sendBadly(stage: CanaryStage): Promise<void> {
  const { sandbox, server, client, botId } = stage;
  sandbox.faults.set(CHANNELS.map(([, provider]) => ({ provider, times: 1, fault: { kind: 'reset' } })));
  await sendAll(stage, untilTried);
  sandbox.faults.set(echoes(stage, 400));
  await sendAll(stage, untilTried);
  sandbox.faults.set([...echoes(stage, 401), ...tokenEchoes(stage)]);
  await Promise.all([server.next(/"connection held"/), sendAll(stage, async () => {})]);
  for (const { id } of (await client.connections.list({ botId })).connections)
    await client.admin.connections.check(id).catch(() => {});
  await client.connections.list({ botId });
  await client.overview({ botId });
  sandbox.faults.set([]);
}

const untilTried = ({ server }: CanaryStage, id: string) => server.line(new RegExp(`${id}.*"batch attempted"`));

/** To the person over every channel; resolves when each has come so far. */
async function sendAll(stage: CanaryStage, until: (stage: CanaryStage, id: string) => Promise<unknown>): Promise<void> {
  const ids = await Promise.all(CHANNELS.map(([channel, , identity]) => send(stage, channel, identity)));
  await Promise.all(ids.map((id) => until(stage, id)));
}

/** Every provider says all it was told, its credentials first. Slack does so with 200. */
const echoes = (stage: CanaryStage, status: number): FaultRule[] =>
  CHANNELS.map(([channel, provider]) => ({
    provider,
    fault: { kind: 'status', status: provider === 'slack' ? 200 : status, body: echo(stage, channel, provider) },
  }));

const tokenEchoes = (stage: CanaryStage): FaultRule[] =>
  (
    [
      ['msteams', 'login'],
      ['hangoutchat', 'googletoken'],
    ] as const
  ).map(([channel, provider]) => ({
    provider,
    fault: { kind: 'status', status: 401, body: echo(stage, channel, provider) },
  }));

function echo({ secrets, token }: CanaryStage, channel: string, provider: ProviderName): unknown {
  const said = `Cannot: ${(secrets[channel] ?? []).join(' ')} Bearer ${token}`;
  if (provider === 'smtp') return said;
  return {
    ok: false,
    error: said,
    error_description: said,
    message: said,
    detail: said,
    code: 21_211,
    more_info: said,
  };
}

/** What is configured over the API, with secrets that are good and that are not. */
async function manage({ client, canaries, botId, sandbox }: CanaryStage): Promise<void> {
  const { connections, apps, bots } = client.admin;
  const secret = canaries.plant('secret', 'the secret of a managed hook', 'whsec_Y2FuYXJ5LW9mLWEtbWFuYWdlZC1ob29rLTAx');
  const hook = { botId, channel: 'ivr', name: 'Managed', allowPrivateNetwork: true } as const;
  const { id } = await connections.save({ ...hook, settings: { url: `${sandbox.urls.hooks}/managed`, secret } });
  await connections.get(id);
  const broken = canaries.plant('secret', 'a secret that is refused', 'whsec_canary is not base64!');
  const plain = canaries.plant('secret', 'a token that is refused', 'xoxb-canary\nof-two-lines');
  const weak = canaries.plant('secret', 'a weak secret', 'canary7');
  const url = canaries.plant('secret', 'a password in a URL', 'canary-in-a-url');
  const refusals = [
    connections.save({ ...hook, settings: { url: `${sandbox.urls.hooks}/x`, secret: broken } }),
    connections.save({ ...hook, settings: { url: `https://ann:${url}@hooks.example.com/x`, secret } }),
    connections.save({ botId, channel: 'slack', settings: { token: plain, signingSecret: [plain], [plain]: plain } }),
    connections.save({ botId, channel: 'email', settings: { host: 'mail', from: 'a@abc.com', password: { plain } } }),
    apps.save('cs-00000000-0000-5000-8000-00000000abcd', { algorithm: 'HS256', clientSecret: weak }),
    apps.save('cs-00000000-0000-5000-8000-00000000abcd', { algorithm: 'RS256', publicKey: plain }),
  ];
  await Promise.allSettled(refusals);
  await bots.save('st-00000000-0000-5000-8000-00000000abcd', { name: 'Managed' });
  const app = 'cs-00000000-0000-5000-8000-00000000beef';
  await apps.save(app, { algorithm: 'HS256', bots: [botId] });
  await apps.rotate(app);
  await connections.remove(id);
}

/** Somebody is invited, makes an account, signs in, guesses, and signs out. */
async function signIn({ client, canaries, ask }: CanaryStage): Promise<void> {
  canaries.plant('secret', 'a password', PASSWORD);
  const email = 'warbler@aviary.example';
  const { invitation, operator } = await client.admin.operators.invite({ name: 'Warbler', email, role: 'admin' });
  const post = async (path: string, body: object, method = 'POST', cookie = '') => {
    const headers = {
      origin: new URL(PUBLIC_URL).origin,
      'content-type': 'application/json',
      ...(cookie && { cookie }),
    };
    const response = await ask(`/api/v1/session${path}`, {
      method,
      headers,
      ...(method === 'POST' && { body: JSON.stringify(body) }),
    });
    const [, value = ''] = /=([\w-]{20,});/.exec(response.headers.get('set-cookie') ?? '') ?? [];
    if (value !== '') canaries.plant('secret', 'the cookie of a session', value);
    return response.headers.get('set-cookie')?.split(';')[0] ?? '';
  };
  const token = new URL(invitation).hash.slice(1);
  await post('/setup', { token, password: 'short' });
  await post('/setup', { token, password: PASSWORD });
  await post('/setup', { token, password: PASSWORD });
  const cookie = await post('', { email, password: PASSWORD });
  await post('', { email, password: canaries.plant('secret', 'a guess', 'ten dry wagtails') });
  await post('/link', { token });
  await post('', {}, 'GET', cookie);
  await post('', {}, 'DELETE', cookie);
  await client.admin.operators.inviteAgain(operator.id);
}

/** Each operation there is: asked rightly, by somebody who is let in nowhere, and with secrets where none belong. */
async function callEverything(stage: CanaryStage, [notificationId = '']: readonly string[]): Promise<void> {
  const { ask, botId, token, canaries } = stage;
  const document: unknown = await (await ask('/openapi.json')).json();
  if (!isJsonObject(document)) throw new Error('there is no description of the API');
  const forged = canaries.plant('secret', 'a forged token', `${token.slice(0, -9)}forgery00`);
  const query = canaries.plant('secret', 'a token in a URL', 'canary-of-a-query-string');
  const callers = [
    { auth: token },
    { auth: forged },
    { authorization: `Bearer ${forged}` },
    { cookie: `beckon-session=${query}` },
  ];
  const own = { botId, notificationId, requestId: notificationId, connectionId: connectionId(botId, 'slack', null) };
  const places: Readonly<Record<string, string>> = own;
  for (const { method, path } of listOperations(document)) {
    if (path.includes('/events') && method === 'GET' && !path.startsWith('/channels')) continue;
    const url = path.replaceAll(
      /\{(\w+)\}/g,
      (_, name: string) => places[name] ?? 'x-00000000-0000-5000-8000-00000000cafe',
    );
    for (const who of callers) {
      const headers = { 'content-type': 'application/json', ...who };
      await ask(`${url}?access_token=${query}`, { method, headers, ...(method !== 'GET' && { body: '{}' }) });
    }
  }
}
