import type { JsonObject } from '../../model/json.ts';
import type { TokenRequest } from '../token-source.ts';
import type { TeamsSettings } from './settings.ts';

/** How the token for the connector is asked for. */
export function requestBotToken(settings: TeamsSettings): TokenRequest {
  const { multiTenantAuthority, scope } = settings.knownCloud;
  return requestToken(settings, settings.multiTenant ? multiTenantAuthority : settings.tenantId, scope);
}

/** How the token for Graph is asked for: always of the directory the people are in. */
export function requestGraphToken(settings: TeamsSettings): TokenRequest {
  return requestToken(settings, settings.tenantId, `${settings.knownCloud.graphUrl}/.default`);
}

function requestToken({ loginUrl, appId, appPassword }: TeamsSettings, authority: string, scope: string): TokenRequest {
  return {
    url: `${loginUrl.replace(/\/+$/, '')}/${authority}/oauth2/v2.0/token`,
    writeForm: async () =>
      new URLSearchParams({ grant_type: 'client_credentials', client_id: appId, client_secret: appPassword, scope }),
    secrets: [appPassword],
    readReasons,
  };
}

/** The number behind which Microsoft explains every refusal. */
function readReasons({ error_description: prose }: JsonObject): readonly string[] {
  return /^AADSTS\d{1,9}/.exec(String(prose ?? ''))?.slice(0, 1) ?? [];
}
