import { connectionId, derivedId, recipientRef } from '../../src/model/ids.ts';
import type { ReceiptCounts, ReceiptState } from '../../src/model/news.ts';
import { SCOPE_SEND } from '../../src/model/tenancy.ts';
import type { SandboxCredentials } from '../../src/sandbox/credentials.ts';
import type { SandboxUrls } from '../../src/sandbox/urls.ts';
import { sign } from '../../src/sandbox/whatsapp-events.ts';

export const botId = derivedId('st', 'flood');
export const clientId = derivedId('cs', 'flood');
export const clientSecret = 'flood-secret-of-more-than-32-bytes!!';
export const floodUrl = (server: string) => `${server}/channels/${connectionId(botId, 'whatsapp', null)}/events`;

interface Provider {
  readonly urls: SandboxUrls;
  readonly credentials: SandboxCredentials;
}

/** One bot that is told of its WhatsApp messages while it sends SMS, so many a second; 0: as many as it can. */
export function floodConfig({ urls, credentials }: Provider, perSecond: number) {
  const { accountSid, authToken, from } = credentials.twilio;
  const common = { allowPrivateNetwork: true };
  const connections = [
    { channel: 'whatsapp', ...credentials.whatsapp, apiUrl: urls.whatsapp, limits: { perSecond: 0 }, ...common },
    {
      channel: 'sms',
      provider: 'twilio',
      ...{ accountSid, authToken, from, apiUrl: urls.twilio },
      ...{ limits: { perSecond, concurrency: 64 } },
      ...common,
    },
  ];
  return {
    bots: [{ id: botId, name: 'Flood', connections }],
    apps: [{ clientId, name: 'Flood', algorithm: 'HS256', clientSecret, bots: [botId], scopes: [SCOPE_SEND] }],
    limits: { perMinute: 0, perHour: 0 },
  };
}

export const phones = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, index) => ({ phoneNumber: `+${prefix}${10_000_000 + index}` }));

export interface FloodPost {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isForged: boolean;
}

/** What is truly told of every fourth recipient. */
const LADDERS: readonly (readonly ReceiptState[])[] = [
  ['sent'],
  ['sent', 'delivered'],
  ['sent', 'delivered', 'read'],
  ['sent', 'failed'],
];
const TIMES = 3;
const FORGED_EACH = 3;
/** Of a recipient on average: two true statuses, three times each, and three forged ones. */
export const POSTS_EACH = 2 * TIMES + FORGED_EACH;

/**
 * Status callbacks of a notification as Meta would never send them: one to a request, each thrice, in any order, and
 * every third forged. What the forged ones say would change what is counted. The same seed shuffles the same way.
 */
export function planFlood(
  { credentials }: Pick<Provider, 'credentials'>,
  notificationId: string,
  recipients: number,
  seed = 1,
): { readonly posts: readonly FloodPost[]; readonly counts: ReceiptCounts } {
  const { appSecret, phoneNumberId, businessAccountId } = credentials.whatsapp;
  const write = (seq: number, status: ReceiptState, secret: string) => {
    const told = { id: `wamid.${seq}`, status, timestamp: '1760000000' };
    const statuses = [{ ...told, biz_opaque_callback_data: recipientRef(notificationId, seq) }];
    const value = { messaging_product: 'whatsapp', metadata: { phone_number_id: phoneNumberId }, statuses };
    const entry = [{ id: businessAccountId, changes: [{ field: 'messages', value }] }];
    return sign({ object: 'whatsapp_business_account', entry }, secret);
  };
  const forge = (seq: number, index: number): FloodPost => {
    const claimed = seq % 4 === 3 ? 'read' : 'failed';
    const { headers, body } = write(seq, claimed, 'a-secret-that-somebody-guessed');
    const signatures = [
      headers['x-hub-signature-256'],
      '',
      write(seq, 'sent', appSecret).headers['x-hub-signature-256'],
    ];
    return { headers: { ...headers, 'x-hub-signature-256': signatures[index] ?? '' }, body, isForged: true };
  };
  const posts = Array.from({ length: recipients }, (_, seq) => {
    const ladder = LADDERS[seq % LADDERS.length] ?? [];
    const told = ladder.map((status) => ({ ...write(seq, status, appSecret), isForged: false }));
    return [...Array.from({ length: TIMES }, () => told).flat(), ...[0, 1, 2].map((index) => forge(seq, index))];
  }).flat();
  const ends = Array.from({ length: recipients }, (_, seq) => LADDERS[seq % LADDERS.length]?.at(-1));
  const countOf = (state: ReceiptState) => ends.filter((end) => end === state).length;
  const counts = {
    sent: countOf('sent'),
    failed: countOf('failed'),
    delivered: countOf('delivered'),
    read: countOf('read'),
  };
  return { posts: shuffle(posts, seed), counts };
}

export interface Pouring {
  /** Requests in flight at once; a server takes 64 before it asks to come again. */
  readonly inFlight?: number;
  /** Posts are due at this pace, however slowly they are answered. */
  readonly perSecond?: number;
}

/** Posts them all; the statuses of the answers, in the order of the posts. */
export async function pour(
  url: string,
  posts: readonly FloodPost[],
  { inFlight = 32, perSecond = Number.POSITIVE_INFINITY }: Pouring = {},
): Promise<number[]> {
  const statuses: number[] = [];
  const startedAt = performance.now();
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < posts.length; index = next++) {
      const earlyMs = startedAt + (index * 1_000) / perSecond - performance.now();
      if (earlyMs > 1) await new Promise((resolve) => setTimeout(resolve, earlyMs));
      const { headers = {}, body = '' } = posts[index] ?? {};
      const response = await fetch(url, { method: 'POST', headers, body });
      await response.arrayBuffer();
      statuses[index] = response.status;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return statuses;
}

/** Fisher and Yates's, by a generator (mulberry32) that a seed begins. */
function shuffle<Value>(values: readonly Value[], seed: number): Value[] {
  const left = [...values];
  const shuffled: Value[] = [];
  let state = seed;
  while (left.length > 0) {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    const index = ((mixed ^ (mixed >>> 14)) >>> 0) % left.length;
    const last = left.pop();
    const taken = left[index];
    if (last === undefined) break;
    if (taken === undefined) shuffled.push(last);
    else {
      shuffled.push(taken);
      left[index] = last;
    }
  }
  return shuffled;
}
