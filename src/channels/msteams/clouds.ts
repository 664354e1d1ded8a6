/** Where a Microsoft cloud's bots get their tokens: by the host of `loginUrl`. */
export interface Cloud {
  /** The authority of multi-tenant bots; single-tenant ones use their home tenant. */
  readonly multiTenantAuthority: string;
  readonly scope: string;
}

const PUBLIC: Cloud = {
  multiTenantAuthority: 'botframework.com',
  scope: 'https://api.botframework.com/.default',
};

const CLOUDS: Readonly<Record<string, Cloud>> = {
  'login.microsoftonline.us': {
    multiTenantAuthority: 'MicrosoftServices.onmicrosoft.us',
    scope: 'https://api.botframework.us/.default',
  },
  'login.partner.microsoftonline.cn': {
    multiTenantAuthority: 'microsoftservices.partner.onmschina.cn',
    scope: 'https://api.botframework.azure.cn/.default',
  },
};

export function cloudOf(loginUrl: string): Cloud {
  return CLOUDS[URL.parse(loginUrl)?.hostname ?? ''] ?? PUBLIC;
}
