import type { Address } from '../../model/outcome.ts';
import type { Connection } from '../../model/tenancy.ts';
import type { RateBucket, RateScope } from '../contract.ts';
import { readSettings } from '../read-settings.ts';
import { readTarget } from './requests.ts';
import { WHATSAPP_SETTINGS } from './settings.ts';

/** To one recipient a message every six seconds; as many as 45 at once are lent from the time to come. */
const PAIR_BUCKET: RateBucket = { burst: 45, everyMs: 6_000 };

/** WhatsApp counts by business phone number. */
export function accountOf(connection: Connection): string {
  const { apiUrl, phoneNumberId } = readSettings(WHATSAPP_SETTINGS, connection);
  return `${apiUrl} ${phoneNumberId}`;
}

export function scopesOf(_connection: Connection, { channelId }: Address): readonly RateScope[] {
  const target = readTarget(channelId);
  if (target === null) return [];
  return [{ key: 'to' in target ? target.to : target.recipient, bucket: PAIR_BUCKET }];
}
