import type { Connection } from '../../model/tenancy.ts';

/** Twilio limits the calls of an account; of a gateway nothing is known but its URL. */
export function accountOf({ settings }: Connection): string {
  const { apiUrl = '', accountSid, url } = settings;
  return settings['provider'] === 'generic' ? String(url) : `${String(apiUrl)} ${String(accountSid)}`;
}
