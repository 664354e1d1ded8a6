/** One mail that could not be delivered. */
export interface BouncedMail {
  /** The sender of its envelope, to whom the bounce goes. */
  readonly sender: string;
  readonly recipient: string;
  /** `5.1.1` */
  readonly status: string;
  readonly action?: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';
  readonly diagnostic?: string;
  /** Where it was forwarded to, if it was not refused at the first address. */
  readonly forwardedTo?: string;
}

/** A delivery status notification as Postfix writes it. */
export function writeBounce({
  sender,
  recipient,
  status,
  action = 'failed',
  diagnostic,
  forwardedTo,
}: BouncedMail): string {
  return [
    'Return-Path: <>',
    `Delivered-To: ${sender}`,
    'Date: Mon, 11 Oct 2021 13:44:34 +0000 (UTC)',
    'From: MAILER-DAEMON@mx.example (Mail Delivery System)',
    'Subject: Undelivered Mail Returned to Sender',
    `To: ${sender}`,
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status;',
    '\tboundary="4B0A.1/mx.example"',
    '',
    'This is a MIME-encapsulated message.',
    '',
    '--4B0A.1/mx.example',
    'Content-Description: Notification',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    "I'm sorry to have to inform you that your message could not be delivered.",
    '',
    '--4B0A.1/mx.example',
    'Content-Description: Delivery report',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example',
    'X-Postfix-Queue-ID: 4B0A',
    'Arrival-Date: Mon, 11 Oct 2021 13:44:30 +0000 (UTC)',
    '',
    `Final-Recipient: rfc822; ${forwardedTo ?? recipient}`,
    `Original-Recipient: rfc822;${recipient}`,
    `Action: ${action}`,
    `Status: ${status}`,
    'Remote-MTA: dns; mail.example',
    `Diagnostic-Code: smtp; ${diagnostic ?? `550 ${status} as its status says`}`,
    '    (in reply to RCPT TO command)',
    '',
    '--4B0A.1/mx.example',
    'Content-Description: Undelivered Message Headers',
    'Content-Type: text/rfc822-headers',
    '',
    'From: jobs@example.com',
    `To: ${recipient}`,
    '',
    '--4B0A.1/mx.example--',
    '',
  ].join('\r\n');
}
