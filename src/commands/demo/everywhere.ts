import { setTimeout as sleep } from 'node:timers/promises';
import { CHANNELS } from '../../channels/channels.ts';
import type { Notification } from '../../client/notification-documents.ts';
import { COLLEAGUES, colleaguesToImport, namedFor, whatsappNumbers } from './colleagues.ts';
import { importPeople } from './story.ts';
import type { World } from './world.ts';

const POLL_MS = 200;
/** Receipts follow within a second or two here; somebody who never reads must not keep the demo waiting. */
const RECEIPTS_MS = 8_000;

/** One channel's part of the announcement, as it stands. */
export interface Part {
  readonly channel: string;
  readonly notification: Notification;
}

export const channelIds = (): string[] => CHANNELS.map((channel) => channel.id);

/**
 * Says the same to the same people on each of these channels: one v2 call for each, all at once. `show` sees every
 * change; the answer is the last state, after the providers have told all they had to tell.
 */
export async function announceEverywhere(
  world: World,
  channels: readonly string[],
  show: (parts: readonly Part[]) => void,
): Promise<Part[]> {
  await importPeople(world, colleaguesToImport(world.sandbox.urls));
  await hearFromEverybody(world);
  const jobs = await Promise.all(channels.map((channel) => announce(world, channel)));
  let parts = await look(world, jobs);
  while (parts.some((part) => part.notification.counts.pending > 0)) {
    show(parts);
    await sleep(POLL_MS);
    parts = await look(world, jobs);
  }
  show(parts);
  return waitForReceipts(world, jobs, show);
}

/** WhatsApp takes free text only for people who wrote within 24 hours, so they do; Meta tells Beckon of it. */
async function hearFromEverybody({ sandbox }: World): Promise<void> {
  for (const from of whatsappNumbers()) sandbox.whatsapp.write({ from });
  await sandbox.webhooks.whenIdle();
}

interface Announced {
  readonly channel: string;
  readonly notificationId: string;
}

async function announce({ client, botId }: World, channel: string): Promise<Announced> {
  const job = await client.notifyV2({
    botId,
    body: {
      channel,
      message: { type: 'text', value: 'Hello {name}, the office is closed on Friday.' },
      identities: namedFor(channel),
      ...(channel === 'ivr' ? { webhookInstanceName: 'Webhook' } : {}),
    },
  });
  return { channel, notificationId: job._id };
}

function look({ client, botId }: World, jobs: readonly Announced[]): Promise<Part[]> {
  return Promise.all(
    jobs.map(async ({ channel, notificationId }) => ({
      channel,
      notification: await client.notification({ botId, notificationId }),
    })),
  );
}

async function waitForReceipts(
  world: World,
  jobs: readonly Announced[],
  show: (parts: readonly Part[]) => void,
): Promise<Part[]> {
  const end = AbortSignal.timeout(RECEIPTS_MS);
  let settled = false;
  void world.sandbox.webhooks.whenIdle().then(() => {
    settled = true;
  });
  for (;;) {
    const isLast = settled || end.aborted;
    const parts = await look(world, jobs);
    show(parts);
    if (isLast) return parts;
    await sleep(POLL_MS);
  }
}

export interface Board {
  show(parts: readonly Part[]): void;
  stop(): void;
}

/** One line a channel: rewritten in place on a terminal, printed once at the end elsewhere. */
export function openBoard(stream: NodeJS.WriteStream): Board {
  let lines = 0;
  let last: readonly Part[] = [];
  const draw = () => {
    const table = tabulate(last);
    if (lines > 0) stream.moveCursor(0, -lines);
    for (const line of table) {
      stream.clearLine(0);
      stream.write(`${line}\n`);
    }
    lines = table.length;
  };
  return {
    show(parts) {
      last = parts;
      if (stream.isTTY) draw();
    },
    stop() {
      if (!stream.isTTY) stream.write(`${tabulate(last).join('\n')}\n`);
    },
  };
}

const COLUMNS = ['pending', 'delivered', 'failed', '│', 'sent', 'arrived', 'read', 'lost'];

function tabulate(parts: readonly Part[]): string[] {
  const rows = parts.map(({ channel, notification: { counts, receipts } }) => {
    const failed = counts.total - counts.pending - counts.delivered;
    const told = [receipts.sent, receipts.delivered, receipts.read, receipts.failed];
    const isDeaf = told.every((count) => count === 0);
    return toLine(channel, [
      counts.pending,
      counts.delivered,
      failed,
      '│',
      ...told.map((count) => (isDeaf ? '–' : count)),
    ]);
  });
  const head = `${COLLEAGUES} people on each channel; right of the bar what the providers say later (– nothing yet)`;
  return [head, toLine('', COLUMNS), ...rows];
}

function toLine(name: string, cells: readonly (string | number)[]): string {
  return name.padEnd(12) + cells.map((cell) => String(cell).padStart(cell === '│' ? 3 : 10)).join('');
}
