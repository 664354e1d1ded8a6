/** Who can do something about it: the program that sends, whoever runs Beckon and the bot, the recipient, the provider. */
export type Mender = 'sender' | 'operator' | 'recipient' | 'provider' | 'nobody';

/**
 * Whether sending it again can help: `yes`, by itself, later; `once_mended`, after somebody did what the hint says;
 * `may_double`, but the recipient may then have the message twice; `no`.
 */
export type RetryHelp = 'yes' | 'once_mended' | 'may_double' | 'no';

interface ReasonFacts {
  /** What happened; in Kore's logs it stands before the detail. */
  readonly meaning: string;
  readonly mendedBy: Mender;
  /** One sentence to act on. */
  readonly hint: string;
  readonly retry: RetryHelp;
}

/** The closed catalogue of why a recipient did not get the message, over all channels. `docs/reasons.md` shows it. */
export const REASONS = {
  not_associated: {
    meaning: "'Identity is not associated with the channel'",
    mendedBy: 'sender',
    hint: 'Import the person with an address on this channel, or let them write to the bot once.',
    retry: 'once_mended',
  },
  unreachable_recipient: {
    meaning: 'The recipient cannot be reached through this channel',
    mendedBy: 'sender',
    hint: 'Check the identity, or send over another channel: the provider does not deliver to it.',
    retry: 'no',
  },
  opted_out: {
    meaning: 'The recipient has asked not to be written to',
    mendedBy: 'recipient',
    hint: 'Only the recipient can say yes again; then the suppression is lifted.',
    retry: 'once_mended',
  },
  category_declined: {
    meaning: 'The recipient does not want messages of this category',
    mendedBy: 'recipient',
    hint: 'Leave it at that: only the recipient can change their preferences.',
    retry: 'once_mended',
  },
  address_dead: {
    meaning: 'The address has refused a message for good before',
    mendedBy: 'sender',
    hint: 'Correct the address; if it works again, lift its suppression.',
    retry: 'once_mended',
  },
  duplicate: {
    meaning: 'The recipient is in the notification already',
    mendedBy: 'nobody',
    hint: 'Nothing is to be done: whoever was named first is sent it, once.',
    retry: 'no',
  },
  excluded: {
    meaning: 'The notification leaves the recipient out',
    mendedBy: 'sender',
    hint: 'Nothing is to be done if that was meant: they are in `exclude`, by name, by tag or with another notification.',
    retry: 'no',
  },
  blocked_by_recipient: {
    meaning: 'The recipient has blocked or removed the app',
    mendedBy: 'recipient',
    hint: 'Ask the recipient to unblock the app or add it again.',
    retry: 'once_mended',
  },
  app_not_installed: {
    meaning: 'The app is not installed for the recipient',
    mendedBy: 'operator',
    hint: 'Install the app for the recipient: by policy, by the connection, or by hand.',
    retry: 'once_mended',
  },
  address_gone: {
    meaning: 'The stored address is no longer known to the provider',
    mendedBy: 'recipient',
    hint: 'Correct the address, or wait until the recipient writes, subscribes or is imported again.',
    retry: 'once_mended',
  },
  message_invalid: {
    meaning: 'The message is not valid for the channel',
    mendedBy: 'sender',
    hint: 'Correct the message where the detail points, and send it again.',
    retry: 'once_mended',
  },
  message_too_large: {
    meaning: 'The message is larger than the channel allows',
    mendedBy: 'sender',
    hint: 'Shorten the message, or link to the rest of it.',
    retry: 'once_mended',
  },
  render_failed: {
    meaning: 'The message could not be rendered for the recipient',
    mendedBy: 'sender',
    hint: 'Correct the script or the parameters: the detail names the line.',
    retry: 'once_mended',
  },
  connection_refused: {
    meaning: 'The provider refused the connection',
    mendedBy: 'operator',
    hint: 'Renew the credentials, or grant the app what the detail says it lacks.',
    retry: 'once_mended',
  },
  connection_missing: {
    meaning: 'The channel is not configured for this bot',
    mendedBy: 'operator',
    hint: 'Configure a connection of this channel for the bot.',
    retry: 'once_mended',
  },
  provider_error: {
    meaning: 'The provider failed',
    mendedBy: 'provider',
    hint: 'Read what the provider said in the detail; if it was passing, send it again later.',
    retry: 'yes',
  },
  provider_unreachable: {
    meaning: 'The provider could not be reached',
    mendedBy: 'operator',
    hint: 'Check the network, the name and the port of the provider as the server sees them, and send it again.',
    retry: 'yes',
  },
  provider_timeout: {
    meaning: 'The provider did not answer in time',
    mendedBy: 'provider',
    hint: 'Send it again later, unless the state is unknown: then the recipient may have it already.',
    retry: 'may_double',
  },
  answer_lost: {
    meaning: 'The provider may have delivered the message, but its answer was lost',
    mendedBy: 'nobody',
    hint: 'Look at the provider whether it arrived before you send it again.',
    retry: 'may_double',
  },
  no_receipt: {
    meaning: 'The provider did not say in time that the message had arrived',
    mendedBy: 'nobody',
    hint: 'Nothing to mend: the next channel was used. Wait longer for the receipt if many come late.',
    retry: 'may_double',
  },
  not_recallable: {
    meaning: 'The message cannot be taken back',
    mendedBy: 'nobody',
    hint: 'The provider does not let this message be removed: see the detail.',
    retry: 'no',
  },
  not_editable: {
    meaning: 'The message cannot be changed',
    mendedBy: 'nobody',
    hint: 'The provider does not let this message be changed, or it is gone: see the detail.',
    retry: 'no',
  },
  url_refused: {
    meaning: 'The target URL is not allowed',
    mendedBy: 'operator',
    hint: 'Use a public address, or allow the host on the connection.',
    retry: 'once_mended',
  },
  rate_limited: {
    meaning: 'The provider kept asking to slow down',
    mendedBy: 'operator',
    hint: 'Send it again later or over a longer time, or ask the provider for a higher limit.',
    retry: 'yes',
  },
  poison: {
    meaning: 'The server stopped several times while sending this message',
    mendedBy: 'operator',
    hint: "Look into the server's log for why it stopped, before this message is sent again.",
    retry: 'may_double',
  },
  expired: {
    meaning: 'The notification expired before it could be delivered',
    mendedBy: 'sender',
    hint: 'Send it again if it still matters; the detail says what held it up.',
    retry: 'yes',
  },
  window_missed: {
    meaning: 'The notification expires before the hours in which the recipient may be sent it',
    mendedBy: 'sender',
    hint: 'Send it again with wider hours or a later expiresAt: the detail says when the next time begins.',
    retry: 'once_mended',
  },
  erased: {
    meaning: 'The recipient was erased before it was sent',
    mendedBy: 'nobody',
    hint: 'Nothing is to be done: who it was is not known any more.',
    retry: 'no',
  },
  cancelled: {
    meaning: 'The notification was cancelled',
    mendedBy: 'sender',
    hint: 'Send it again if it was cancelled by mistake.',
    retry: 'yes',
  },
  internal_error: {
    meaning: 'An internal error stopped the delivery',
    mendedBy: 'operator',
    hint: "Report it with the server's log of that moment; it is a fault in Beckon.",
    retry: 'may_double',
  },
} as const satisfies Readonly<Record<string, ReasonFacts>>;

export type Reason = keyof typeof REASONS;

const isReason = (code: string): code is Reason => Object.hasOwn(REASONS, code);

/** What the catalogue says of a reason. One that a newer Beckon wrote into the same database stands for itself. */
export function explainReason(code: string): ReasonFacts {
  if (isReason(code)) return REASONS[code];
  return {
    meaning: code,
    mendedBy: 'operator',
    hint: 'A newer Beckon gave this reason: its documentation explains it.',
    retry: 'no',
  };
}

/** The success comment of Kore's log, exactly. */
export const SUCCESS_COMMENT = 'Notification has been sent successfully';
