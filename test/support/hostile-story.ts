import { SignJWT } from 'jose';
import { createClient } from '../../src/client/client.ts';
import type { TemplateDefinition } from '../../src/client/template-documents.ts';
import { derivedId } from '../../src/model/ids.ts';
import { SCOPE_ADMIN } from '../../src/model/tenancy.ts';
import { type ConsoleStage, openConsoleStage } from './console-stage.ts';
import { PAYLOADS } from './hostile-payloads.ts';

/** A stage on which every free text that reaches a page of the console is hostile. */
export interface HostileStage extends ConsoleStage {
  /** Paths of pages under the bot's own; with texts that can be read on them. */
  readonly pages: readonly HostilePage[];
}

export interface HostilePage {
  readonly path: string;
  readonly shows: readonly string[];
}

const SOME = 12;
const text = (val: string) => ({ type: 'text', val }) as const;
const emailOf = (index: number): string => `p${index}@example.com`;
const phoneOf = (index: number): string => `+4915120000${String(index).padStart(3, '0')}`;

/** So many of the payloads, others for each field, so that each comes up in several places. */
function some(field: number, count = SOME): readonly string[] {
  return Array.from({ length: count }, (_, index) => PAYLOADS[(field * 37 + index * 11) % PAYLOADS.length] ?? '');
}

export async function tellHostileStory(): Promise<HostileStage> {
  const stage = await openConsoleStage();
  const people = await nameEverybody(stage);
  const notifications = await sendEverything(stage);
  const templates = await writeTemplates(stage);
  const connections = await connectHooks(stage);
  await manageEverything(stage);
  await actAsEverybody(stage);
  const within = (path: string, shows: readonly string[] = []): HostilePage => ({ path, shows });
  return {
    ...stage,
    pages: [
      ...[within('/overview'), within('/notifications'), ...notifications],
      ...[within('/people'), ...people, within('/people/import')],
      ...[within('/compose'), within('/templates'), ...templates],
      ...[within('/connections', some(5, 3)), ...connections, within('/connections/new')],
      ...[within('/apps', some(6, 3)), within('/operators', some(7, 3)), within('/audit')],
      ...some(9, 2).flatMap((payload) => {
        const named = encodeURIComponent(payload);
        return [within(`/notifications/${named}`), within(`/templates/${named}`), within(`/${named}`)];
      }),
    ],
  };
}

/** Each payload is somebody's name, tag, attribute and other name. */
async function nameEverybody({ client, botId }: ConsoleStage): Promise<HostilePage[]> {
  const lines = PAYLOADS.map((payload, index) => {
    const named = { name: payload, identities: [payload], tags: [payload.slice(0, 100).toWellFormed()] };
    const attributes = { note: payload, [`k ${payload}`]: { deep: [payload] } };
    return `${JSON.stringify({ email: emailOf(index), phone: phoneOf(index), ...named, attributes })}\n`;
  });
  const report = await client.importPeople({
    botId,
    people: new Blob(lines).stream(),
    mediaType: 'application/x-ndjson',
  });
  if (report.bad > 0) throw new Error(`not imported: ${JSON.stringify(report.errors)}`);
  const { people } = await client.people.list({ botId, limit: 500 });
  const chosen = people.filter((_, index) => index % 35 === 0);
  for (const { id } of chosen)
    await client.preferences.put({ botId, personId: id, optOuts: [{ category: 'newsletter', channel: null }] });
  return chosen.map(({ id, name = '' }) => ({ path: `/people/${id}`, shows: [name] }));
}

/** As an identity, as a message, as what a provider said, and as a reason. */
async function sendEverything(stage: ConsoleStage): Promise<HostilePage[]> {
  const { sandbox, client } = stage;
  sandbox.faults.set(
    PAYLOADS.map((message, index) => ({
      provider: 'twilio',
      route: 'send',
      recipient: phoneOf(index),
      fault: { kind: 'status', status: 400, body: { code: 21_211, message, more_info: message, status: 400 } },
    })),
  );
  const refused = await stage.send({
    channel: 'sms',
    message: text('x'),
    recipients: PAYLOADS.map((payload, index) => ({ phoneNumber: phoneOf(index), message: text(payload) })),
  });
  const reached = await stage.send({
    channel: 'ivr',
    message: text('x'),
    recipients: PAYLOADS.map((payload) => ({ identity: payload, message: text(payload) })),
  });
  const urgent = some(2, 6).map(async (reason) => {
    const override = { priority: 'urgent', category: 'alarm', overridePreferences: { reason } } as const;
    const { id } = await stage.send({ channel: 'ivr', message: text(reason), recipients: [reason], ...override });
    return { path: `/notifications/${id}`, shows: [reason] };
  });
  const scheduled = some(3, 3).map((payload) =>
    client.notifications.send({
      botId: stage.botId,
      body: {
        channel: 'ivr',
        message: text(payload),
        recipients: [payload],
        sendAt: new Date(Date.now() + 86_400_000).toISOString(),
      },
    }),
  );
  await Promise.all(scheduled);
  return [
    { path: `/notifications/${refused.id}`, shows: [] },
    { path: `/notifications/${reached.id}`, shows: PAYLOADS.slice(0, 3) },
    ...(await Promise.all(urgent)),
  ];
}

/** What a template says in each channel's own form, where markup and links are what is expected. */
async function writeTemplates({ client, botId }: ConsoleStage): Promise<HostilePage[]> {
  const one = (payload: string, all: readonly string[]): TemplateDefinition => ({
    description: payload,
    parameters: { who: { type: 'string', default: payload, description: payload } },
    default: 'en',
    variants: {
      en: {
        message: text(`{who} ${payload}`),
        channels: {
          email: { type: 'native', payload: { subject: payload, text: payload, html: all.join('\n') } },
          slack: { type: 'native', payload: { text: payload, blocks: all.map(blockOf) } },
          msteams: { type: 'native', payload: { type: 'message', text: payload, attachments: [cardOf(all)] } },
          webpush: { type: 'native', payload: { title: payload, body: payload, url: 'https://example.com/' } },
        },
      },
    },
  });
  return Promise.all(
    some(4, 6)
      .filter(hasNoToken)
      .map(async (payload, index) => {
        const name = `hostile-${index}`;
        const definition = one(payload, [payload, ...some(10 + index, 30).filter(hasNoToken)]);
        await client.templates.put({ botId, name, definition });
        return { path: `/templates/${name}`, shows: [] };
      }),
  );
}

/** What stands in braces would have to be declared. */
const hasNoToken = (payload: string): boolean => !/[{}]/.test(payload);

const blockOf = (payload: string) => ({ type: 'section', text: { type: 'mrkdwn', text: payload } });

const cardOf = (payloads: readonly string[]) => ({
  contentType: 'application/vnd.microsoft.card.adaptive',
  content: {
    type: 'AdaptiveCard',
    version: '1.4',
    body: payloads.flatMap((payload) => [
      { type: 'TextBlock', text: payload },
      { type: 'Image', url: payload, altText: payload },
    ]),
    actions: payloads.slice(0, 5).map((payload) => ({ type: 'Action.OpenUrl', title: payload, url: payload })),
  },
});

async function connectHooks({ client, botId, sandbox }: ConsoleStage): Promise<HostilePage[]> {
  const pages: HostilePage[] = [];
  for (const payload of some(5)) {
    const settings = { url: `${sandbox.urls.hooks}/hostile`, secret: sandbox.credentials.hook.secret };
    const name = payload.slice(0, 100).toWellFormed();
    const { id } = await client.admin.connections.save({
      botId,
      channel: 'ivr',
      name,
      settings,
      allowPrivateNetwork: true,
    });
    if (pages.length < 4) pages.push({ path: `/connections/${id}`, shows: [name] });
  }
  return pages;
}

/** Apps, operators and bots. */
async function manageEverything({ client, botId }: ConsoleStage): Promise<void> {
  const { apps, operators, bots } = client.admin;
  for (const [index, name] of some(6).entries())
    await apps.save(derivedId('cs', 'hostile', index), { algorithm: 'HS256', name, bots: [botId] });
  for (const [index, name] of some(7).entries())
    await operators.invite({ name, email: `op${index}@example.com`, role: 'viewer', bots: [botId] });
  for (const [index, name] of some(8).entries()) await bots.save(derivedId('st', 'hostile', index), { name });
}

/** The subject of a token is whatever a program puts there, and stands in the audit. */
async function actAsEverybody({ client, url, botId, sandbox }: ConsoleStage): Promise<void> {
  const clientId = derivedId('cs', 'impostor');
  const saved = await client.admin.apps.save(clientId, { algorithm: 'HS256', kind: 'admin', scopes: [SCOPE_ADMIN] });
  for (const [index, subject] of some(11).entries()) {
    const token = await new SignJWT({ appId: clientId, sub: subject })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(saved.clientSecret ?? ''));
    await createClient({ url, token }).admin.connections.save({
      ...{ botId, channel: 'ivr', name: `Audit ${index}`, allowPrivateNetwork: true },
      settings: { url: `${sandbox.urls.hooks}/audit`, secret: sandbox.credentials.hook.secret },
    });
  }
}
