import type { Channel } from './contract.ts';
import { email } from './email/email.ts';
import { hangoutchat } from './hangoutchat/hangoutchat.ts';
import { ivr } from './ivr.ts';
import { msteams } from './msteams/msteams.ts';
import { slack } from './slack/slack.ts';
import { sms } from './sms/sms.ts';
import { webpush } from './webpush/webpush.ts';
import { whatsapp } from './whatsapp/whatsapp.ts';

/** Every channel there is. A new one is a file beside this one and a line here. */
export const CHANNELS: readonly Channel[] = [msteams, slack, ivr, hangoutchat, whatsapp, email, sms, webpush];

/** The channel for an id or any spelling callers use; null when there is none. */
export function findChannel(spelling: string): Channel | null {
  return CHANNELS.find((channel) => channel.id === spelling || channel.aliases.includes(spelling)) ?? null;
}
