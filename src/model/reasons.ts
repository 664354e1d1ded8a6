/** The closed catalogue of why a recipient did not get the message. `comment` is the Kore log's text when no detail is added. */
export const REASONS = {
  not_associated: "'Identity is not associated with the channel'",
  unreachable_recipient: 'The recipient cannot be reached through this channel',
  opted_out: 'The recipient has asked not to be written to',
  address_dead: 'The address has refused a message for good before',
  blocked_by_recipient: 'The recipient has blocked or removed the app',
  app_not_installed: 'The app is not installed for the recipient',
  address_gone: 'The stored address is no longer known to the provider',
  message_invalid: 'The message is not valid for the channel',
  message_too_large: 'The message is larger than the channel allows',
  render_failed: 'The message could not be rendered for the recipient',
  connection_refused: 'The provider refused the connection: check its credentials and permissions',
  connection_missing: 'The channel is not configured for this bot',
  provider_error: 'The provider failed',
  provider_unreachable: 'The provider could not be reached',
  provider_timeout: 'The provider did not answer in time',
  answer_lost: 'The provider may have delivered the message, but its answer was lost',
  url_refused: 'The target URL is not allowed',
  rate_limited: 'The provider kept asking to slow down',
  attempts_exhausted: 'All attempts failed',
  poison: 'The server stopped several times while sending this message',
  expired: 'The notification expired before it could be delivered',
  cancelled: 'The notification was cancelled',
  internal_error: 'An internal error stopped the delivery',
} as const;

export type Reason = keyof typeof REASONS;

/** The success comment of Kore's log, exactly. */
export const SUCCESS_COMMENT = 'Notification has been sent successfully';
