import { fileURLToPath } from 'node:url';
import { teamsConversationId } from '../../src/sandbox/ids.ts';
import type { LedgerEntry } from '../../src/sandbox/ledger.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import type { BeckonProcess } from '../support/beckon.ts';
import { startPostgres } from '../support/postgres.ts';
import { openRehearsal, type Rehearsal } from '../support/rehearsal.ts';
import { untilAllOver } from '../support/until-all-over.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';
import { breakNodes, LOST_BY_BREAKS, mostWithin, type Window } from './shared-rates.ts';

export const sharedConversations: Fault = {
  id: 'F21',
  title: 'limits of conversations and pairs over 3 nodes, one stopped for a while and one killed',
  isPatient: true,
  run: (parts) => favourTogether({ notifications: 24, others: 30, favours: FAVOURS, breaks: true }, parts),
  // Red only if every one of the limits was exceeded.
  control: async (parts) => {
    const finding = await favourTogether(
      { notifications: 24, others: 0, favours: FAVOURS, breaks: false, script: SELFISH },
      parts,
    );
    return { ...finding, ok: finding.excesses.some((excess) => excess === 0) };
  },
};

const SELFISH = fileURLToPath(new URL('../support/selfish-server.ts', import.meta.url));
const NODES = 3;
/** In each notification, to the one whom all of them write to. */
const FAVOURS = { teams: 3, slack: 1, googlechat: 1, whatsapp: 2.25 };

interface FavourOptions {
  readonly notifications: number;
  /** People beside, in each notification over Teams. */
  readonly others: number;
  readonly favours: Readonly<Record<keyof typeof FAVOURS, number>>;
  readonly breaks: boolean;
  /** Of what the living may send over Teams; 0 where nothing may depend on the machine's speed. */
  readonly leastUsed?: number;
  readonly script?: string;
}

/** Of one who is written to: by the names that the simulators have for them. */
const WINDOWS: Readonly<Record<'teams' | 'slack' | 'googlechat', readonly Window[]>> = {
  teams: [
    { calls: 7, ms: 1_000 },
    { calls: 8, ms: 2_000 },
    { calls: 60, ms: 30_000 },
  ],
  slack: [{ calls: 1, ms: 1_000 }],
  googlechat: [{ calls: 1, ms: 1_000 }],
};
const PAIR = { burst: 45, everyMs: 6_000 };
/** Teams: so many calls of one app in a tenant, in any second. */
const ALLOWED = 30;
/** Those who wait for a pair come back seldom. */
const PATIENCE_MS = 30_000;

/** All nodes write to the same few again and again, and to many others; judged by what the providers' ledgers say. */
export async function favourTogether(
  options: FavourOptions,
  { random }: FaultParts,
): Promise<Finding & { readonly excesses: readonly number[] }> {
  const { breaks, leastUsed = 0.9, script } = options;
  const postgres = await startPostgres();
  // A simulator that refuses what is too much would have nothing of it in its ledger.
  const rehearsal = await openRehearsal({ limits: 'off', perSecond: null, beside: otherConnections });
  try {
    const database = await postgres.createDatabase();
    const args = ['--database', database, '--lease-ms', '6000'];
    const start = () => rehearsal.start(args, script);
    const nodes: BeckonProcess[] = await Promise.all(Array.from({ length: NODES }, start));
    await notifyAll(rehearsal, nodes[0]?.url ?? '', options);
    if (breaks) await breakNodes(nodes, start, random);
    const { undelivered, detail } = await untilAllOver(database, { patienceMs: PATIENCE_MS });
    const { ledger } = rehearsal.sandbox;
    const excesses = [
      ...Object.entries(WINDOWS).map(([provider, windows]) =>
        sum(
          conversationsOf(ledger.entries({ provider: provider as keyof typeof WINDOWS })),
          (times) => windows.filter(({ calls, ms }) => mostWithin(ms, times) > calls).length,
        ),
      ),
      sum(conversationsOf(ledger.entries({ provider: 'whatsapp' })), pairExcess),
    ];
    const used = usedOf(ledger.entries({ provider: 'teams' }), breaks ? LOST_BY_BREAKS : 0);
    const [teams, slack, chat, pairs] = excesses;
    const spent = Object.entries(WINDOWS).map(([provider, windows]) =>
      spentOf(conversationsOf(ledger.entries({ provider: provider as keyof typeof WINDOWS })), (ms) =>
        Math.min(...windows.map((window) => window.calls * (1 + Math.floor(ms / window.ms)))),
      ),
    );
    const lent = spentOf(
      conversationsOf(ledger.entries({ provider: 'whatsapp' })),
      (ms) => PAIR.burst + Math.floor(ms / PAIR.everyMs),
    );
    return {
      figure: `windows exceeded: ${teams} of Teams conversations, ${slack} of Slack, ${chat} of Google Chat, ${pairs} calls too many of WhatsApp pairs; ${ledger.total()} calls, ${Math.round(100 * used)} % of what the living may send over Teams; the busiest conversations were sent ${[...spent, lent].join(', ')} % of what they may be; ${undelivered} not delivered ${detail}`,
      bar: `0 exceeded, ≥ ${100 * leastUsed} % used, all delivered`,
      ok: excesses.every((excess) => excess === 0) && used >= leastUsed && undelivered === 0,
      excesses,
    };
  } finally {
    await rehearsal.close();
    await postgres.stop();
  }
}

const otherConnections = ({ urls, credentials }: Sandbox) => [
  { channel: 'slack', token: credentials.slack.token, apiUrl: urls.slack },
  {
    channel: 'hangoutchat',
    clientEmail: credentials.googleChat.clientEmail,
    privateKey: credentials.googleChat.privateKey,
    tokenUrl: urls.googleToken,
    apiUrl: urls.googleChat,
  },
  {
    channel: 'whatsapp',
    phoneNumberId: credentials.whatsapp.phoneNumberId,
    accessToken: credentials.whatsapp.accessToken,
    apiUrl: urls.whatsapp,
  },
];

/** Many small notifications, so that every node has some of each. */
async function notifyAll(rehearsal: Rehearsal, url: string, options: FavourOptions): Promise<void> {
  const { notifications, others, favours } = options;
  const { botId, sandbox } = rehearsal;
  const { appId, tenantId } = sandbox.credentials.teams;
  const client = rehearsal.client(url);
  const teams = (name: string) => teamsConversationId(appId, { member: `29:${name}`, tenantId, generation: 1 });
  for (let call = 0; call < notifications; call += 1) {
    const due = (each: number) => Math.floor(each * (call + 1)) - Math.floor(each * call);
    const text = `call ${call}`;
    const v1 = { userIdentityType: 'donotresolve', message: { type: 'text', val: text } } as const;
    const v2 = { message: { type: 'text', value: text } } as const;
    // Who is not known yet has to be met first, which is a call to the conversation too.
    const people = Array.from({ length: others }, (_, index) => teams(`${call % 3}-${index}`));
    const known = [...people, '29:stranger', ...repeated(teams('favourite'), due(favours.teams))];
    await client.notify({ botId, body: { ...v1, channel: 'msteams', identities: known } });
    const [slack, spaces, numbers] = [due(favours.slack), due(favours.googlechat), due(favours.whatsapp)];
    const inChannel = repeated('D0FAVOURITE', slack);
    const inSpace = repeated({ spaceId: 'spaces/FAVOURITE' }, spaces);
    const byNumber = repeated({ phoneNumber: '+491700000001' }, numbers);
    if (slack > 0) await client.notify({ botId, body: { ...v1, channel: 'slack', identities: inChannel } });
    if (spaces > 0) await client.notifyV2({ botId, body: { ...v2, channel: 'hangoutchat', identities: inSpace } });
    if (numbers > 0) await client.notifyV2({ botId, body: { ...v2, channel: 'whatsapp', identities: byNumber } });
  }
}

const repeated = <T>(one: T, times: number): T[] => Array.from({ length: times }, () => one);

/** When each of them was written to, ascending. */
const conversationsOf = (entries: readonly LedgerEntry[]): number[][] =>
  [...Map.groupBy(entries, ({ conversation }) => conversation).values()].map((own) =>
    own.map(({ at }) => at).sort((one, other) => one - other),
  );

const sum = (all: readonly number[][], count: (times: readonly number[]) => number): number =>
  all.reduce((most, times) => most + count(times), 0);

/** Calls that found the pair's credit spent. */
function pairExcess(times: readonly number[]): number {
  let [fullAt, excess] = [0, 0];
  for (const at of times) {
    fullAt = Math.max(fullAt, at) + PAIR.everyMs;
    if (fullAt - at > PAIR.burst * PAIR.everyMs) excess += 1;
  }
  return excess;
}

/** While there is a backlog; the last few wait for their conversation, or for a lease of the dead. */
function usedOf(entries: readonly LedgerEntry[], lost: number): number {
  const times = entries.map(({ at }) => at).sort((one, other) => one - other);
  const most = Math.floor(times.length * 0.9);
  const [begin = 0, end = 0] = [times[0], times[most]];
  return most / (((end - begin) / 1_000) * ALLOWED - lost);
}

/** Of what the one most written to might have been sent from first to last, in percent. */
function spentOf(conversations: readonly (readonly number[])[], allowedWithin: (ms: number) => number): number {
  const [busiest = []] = conversations.toSorted((one, other) => other.length - one.length);
  const [begin = 0, end = 0] = [busiest[0], busiest.at(-1)];
  return Math.round((100 * busiest.length) / allowedWithin(end - begin));
}
