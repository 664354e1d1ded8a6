import type { Clock } from '../../model/clock.ts';
import type { Store } from '../../store/port.ts';
import { Fault } from '../faults.ts';
import { LEEWAY_MS, type VerifiedToken } from './token.ts';

const MAX_LIFE_MS = 3_600_000;

/**
 * A token with a `jti` works once and lives at most an hour; an app that enforces JTI takes no other. Runs after every
 * other check of the token, so that nobody can burn an honest token's jti with a forged one, and the store's unique key
 * decides between copies that arrive together.
 */
export async function refuseReplay(
  token: VerifiedToken,
  parts: { readonly store: Pick<Store, 'useJti'>; readonly clock: Clock },
): Promise<void> {
  const { app, jti, exp } = token;
  if (jti === null) {
    if (app.enforceJti) throw new Fault('jti_missing');
    return;
  }
  if (exp === null || exp * 1000 - parts.clock.now() > MAX_LIFE_MS + LEEWAY_MS) throw new Fault('jti_too_long_lived');

  const isFirst = await parts.store.useJti({ appId: app.clientId, jti, expiresAt: exp * 1000 + LEEWAY_MS });
  if (!isFirst) throw new Fault('jti_replayed');
}
