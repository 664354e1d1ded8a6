import { SCOPE_SEND } from '../../src/model/tenancy.ts';
import { type ConsoleStage, openConsoleStage } from './console-stage.ts';

/** A stage on which something has happened: people, notifications of all kinds, some that went wrong. */
export interface ToldStage extends ConsoleStage {
  /** The id of a notification to many, some of whom were not reached. */
  readonly announcement: string;
  /** The id of a notification whose time is to come. */
  readonly townHall: string;
  /** The id of a connection that was made over the API. */
  readonly hook: string;
}

const PEOPLE = 400;
const CLOSED = 'The office in Hyderabad is closed tomorrow. Work from where you are.';

export async function tellStory(): Promise<ToldStage> {
  const stage = await openConsoleStage();
  const { botId, sandbox, client } = stage;
  sandbox.faults.set([
    { provider: 'teams', route: 'send', recipient: '29:gone-*', fault: { kind: 'status', status: 403 } },
  ]);
  await stage.know(Array.from({ length: PEOPLE }, (_, index) => personOf(index, sandbox.urls.teams)));
  const everybody = Array.from({ length: PEOPLE }, (_, index) => emailOf(index));
  const text = (val: string) => ({ type: 'text', val }) as const;
  const { id: hook } = await client.admin.connections.save({
    botId,
    channel: 'ivr',
    name: 'Payroll',
    settings: { url: `${sandbox.urls.hooks}/payroll`, secret: sandbox.credentials.hook.secret },
    allowPrivateNetwork: true,
  });
  await stage.send({
    channel: 'slack',
    message: text('Stand-up moves to ten.'),
    recipients: ['asha@example.com', 'ravi@example.com'],
  });
  await stage.send({
    channel: 'ivr',
    connection: 'Payroll',
    message: text('Payslips are ready.'),
    recipients: everybody.slice(0, 20),
    callback: { connection: 'Payroll' },
  });
  await stage.send({
    channel: 'email',
    category: 'newsletter',
    priority: 'bulk',
    message: text('What is new in September'),
    recipients: everybody.slice(0, 60),
  });
  const { id: announcement } = await stage.send({
    channel: 'msteams',
    category: 'facilities',
    message: text(CLOSED),
    recipients: everybody.slice(0, 320),
  });
  const inAWeek = new Date(Date.now() + 7 * 86_400_000).toISOString();
  const { id: townHall } = await client.notifications.send({
    botId,
    body: {
      channel: 'msteams',
      message: text('Town hall at four.'),
      recipients: everybody.slice(0, 200),
      sendAt: new Date(Date.now() + 86_400_000).toISOString(),
      expiresAt: inAWeek,
    },
  });
  await client.admin.operators.invite({
    name: 'Ravi Kapoor',
    email: 'ravi@example.com',
    role: 'sender',
    bots: [botId],
  });
  const payroll = {
    algorithm: 'HS256',
    name: 'Payroll',
    kind: 'builder',
    bots: [botId],
    scopes: [SCOPE_SEND],
  } as const;
  await client.admin.apps.save(`cs-${'5'.repeat(8)}-0000-5000-8000-000000000000`, payroll);
  const variants = { en: { message: text('Welcome, {name}!') } };
  await client.templates.put({
    botId,
    name: 'welcome',
    definition: { variants, default: 'en', parameters: { name: { type: 'string' } } },
  });
  return { ...stage, announcement, townHall, hook };
}

const FIRST = ['Asha', 'Ravi', 'Meera', 'John', 'Lena', 'Tomás', 'Yuki', 'Amara', 'Noor', 'Pavel'];
const LAST = ['Nair', 'Kapoor', 'Schmidt', 'Okafor', 'Silva', 'Tanaka', 'Haddad', 'Novák', 'Iyer', 'Moreau'];

const nameOf = (index: number): string => `${FIRST[index % 10]} ${LAST[Math.floor(index / 10) % 10]}`;

const emailOf = (index: number): string =>
  `${nameOf(index)
    .normalize('NFD')
    .replaceAll(/[^a-zA-Z ]/g, '')
    .toLowerCase()
    .replace(' ', '.')}.${index}@example.com`;

/** One in twenty cannot be reached on Teams, one in thirty has taken the app away. */
function personOf(index: number, serviceUrl: string) {
  const channelId = index % 30 === 7 ? `29:gone-${index}` : `29:person-${index}`;
  const teams = { channel: 'msteams', channelId, reference: { conversationId: `a:${index}`, serviceUrl } };
  return {
    email: emailOf(index),
    name: nameOf(index),
    locale: index % 3 === 0 ? 'de' : 'en',
    timeZone: 'Asia/Kolkata',
    tags: index % 2 === 0 ? ['employees', 'hyderabad'] : ['employees'],
    addresses: index % 20 === 3 ? [] : [teams],
  };
}
