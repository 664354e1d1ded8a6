import { recipientRef } from '../../model/ids.ts';
import type { Rejected } from '../../model/outcome.ts';
import { cleanDetail } from '../clean-detail.ts';
import type { SendRequest } from '../contract.ts';
import { signRef } from './bounce-ref.ts';
import { type Content, type ContentFault, readContent } from './content.ts';
import { domainOf, isOneAddress, readMailbox } from './mailbox.ts';
import type { MailToSend } from './relay.ts';
import type { EmailSettings } from './settings.ts';

/** Writes the link by which a recipient can unsubscribe; null: there is none. */
export type WriteUnsubscribeUrl = (request: SendRequest) => string | null;

/** The mail for one recipient, byte for byte the same on every attempt; or why there can be none. */
export function composeMail(
  request: SendRequest,
  settings: EmailSettings,
  writeUnsubscribeUrl: WriteUnsubscribeUrl,
): MailToSend | Rejected {
  const { key, address, message, createdAt } = request;
  const to = address.channelId;
  if (!isOneAddress(to)) return refuseAddress(to);
  const content = readContent(message, settings.subject ?? null);
  if ('detail' in content) return refuseContent(content);

  const from = readMailbox(settings.from);
  const replyTo = settings.replyTo === undefined ? {} : { replyTo: readMailbox(settings.replyTo) };
  return {
    messageId: `<${key}@${domainOf(from.address)}>`,
    date: new Date(createdAt),
    baseBoundary: key,
    from,
    to: { name: '', address: to },
    ...replyTo,
    envelope: { from: writeEnvelopeFrom(settings, request), to },
    subject: content.subject,
    ...partsOf(content),
    headers: {
      ...content.headers,
      'Auto-Submitted': 'auto-generated',
      ...unsubscribeHeaders(writeUnsubscribeUrl(request)),
    },
  };
}

function writeEnvelopeFrom({ from, envelopeFrom, bounceSecret }: EmailSettings, request: SendRequest): string {
  if (envelopeFrom === undefined) return readMailbox(from).address;
  const { key, notificationId, seq, address } = request;
  const plain = recipientRef(notificationId, seq);
  const ref = bounceSecret === undefined ? plain : signRef(request, address.channelId, bounceSecret);
  return envelopeFrom.replaceAll('{key}', key).replaceAll('{ref}', ref);
}

/** RFC 8058: the mail program posts to the URL when its user asks to be left alone. */
function unsubscribeHeaders(url: string | null) {
  if (url === null) return {};
  return {
    // Folding would put white space into the URL.
    'List-Unsubscribe': { prepared: true, value: `<${url}>` },
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  };
}

function partsOf({ text, html }: Content) {
  return { ...(text === null ? {} : { text }), ...(html === null ? {} : { html }) };
}

function refuseAddress(address: string): Rejected {
  const detail = cleanDetail(`${JSON.stringify(address.slice(0, 100))} is not one e-mail address; nothing was sent.`);
  return { kind: 'rejected', scope: 'recipient', reason: 'unreachable_recipient', detail };
}

function refuseContent({ detail, reason, wide }: ContentFault): Rejected {
  return { kind: 'rejected', scope: wide ? 'message' : 'recipient', reason, detail: cleanDetail(detail) };
}
