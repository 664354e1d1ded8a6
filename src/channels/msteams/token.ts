import type { JsonObject } from '../../model/json.ts';
import type { TokenRequest } from '../token-source.ts';
import { cloudOf } from './clouds.ts';
import type { TeamsSettings } from './settings.ts';

/** How the bot's token is asked for. */
export function requestBotToken(settings: TeamsSettings): TokenRequest {
  const cloud = cloudOf(settings.loginUrl);
  const authority = settings.multiTenant ? cloud.multiTenantAuthority : settings.tenantId;
  return {
    url: `${settings.loginUrl.replace(/\/+$/, '')}/${authority}/oauth2/v2.0/token`,
    writeForm: async () =>
      new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: settings.appId,
        client_secret: settings.appPassword,
        scope: cloud.scope,
      }),
    secrets: [settings.appPassword],
    readReasons,
  };
}

/** The number behind which Microsoft explains every refusal. */
function readReasons({ error_description: prose }: JsonObject): readonly string[] {
  return /^AADSTS\d{1,9}/.exec(String(prose ?? ''))?.slice(0, 1) ?? [];
}
