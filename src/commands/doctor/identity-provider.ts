import { systemClock } from '../../model/clock.ts';
import type { OidcProvider } from '../../model/oidc.ts';
import { CommandFailure, EXIT } from '../exit.ts';
import type { Finding } from './report.ts';

/** Whether people can be sent there: its metadata is asked for. Its word on client and secret comes with the first who signs in. */
export async function checkProvider(about: OidcProvider): Promise<Finding> {
  const [{ createOutbound }, { IdentityProvider }] = await Promise.all([
    import('../../channels/outbound-http.ts'),
    import('../../http/session/oidc/identity-provider.ts'),
  ]);
  const outbound = createOutbound();
  try {
    await new IdentityProvider(about, { outbound, clock: systemClock, redirectUri: '', signedOutUri: '' }).check();
    return `${about.issuer} tells where people sign in`;
  } catch (error) {
    throw error instanceof Error ? new CommandFailure(`${about.issuer}: ${error.message}`, EXIT.failure) : error;
  } finally {
    await outbound.close();
  }
}
