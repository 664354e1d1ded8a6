/** A Microsoft cloud: where its bots get their tokens, where they speak, and who speaks to them. */
export interface Cloud {
  readonly loginUrl: string;
  /** The authority of multi-tenant bots; single-tenant ones use their home tenant. */
  readonly multiTenantAuthority: string;
  readonly scope: string;
  /** The connector for people whose own is not known; null: none is documented, so the connection has to name one. */
  readonly serviceUrl: string | null;
  /** Graph; also what its tokens are for. */
  readonly graphUrl: string;
  /** Where the keys are named that sign what Teams posts to a bot. */
  readonly openIdUrl: string;
  readonly issuer: string;
}

export const CLOUD_NAMES = ['public', 'gcc', 'gcch', 'dod', 'china'] as const;
export type CloudName = (typeof CLOUD_NAMES)[number];

const PUBLIC: Cloud = {
  loginUrl: 'https://login.microsoftonline.com',
  multiTenantAuthority: 'botframework.com',
  scope: 'https://api.botframework.com/.default',
  serviceUrl: 'https://smba.trafficmanager.net/teams/',
  graphUrl: 'https://graph.microsoft.com',
  openIdUrl: 'https://login.botframework.com/v1/.well-known/openidconfiguration',
  issuer: 'https://api.botframework.com',
};

const GCC_HIGH: Cloud = {
  loginUrl: 'https://login.microsoftonline.us',
  multiTenantAuthority: 'MicrosoftServices.onmicrosoft.us',
  scope: 'https://api.botframework.us/.default',
  serviceUrl: 'https://smba.infra.gov.teams.microsoft.us/teams/',
  graphUrl: 'https://graph.microsoft.us',
  openIdUrl: 'https://login.botframework.azure.us/v1/.well-known/openidconfiguration',
  issuer: 'https://api.botframework.us',
};

/** The government community cloud shares everything with the public one but the connector. */
const CLOUDS: Readonly<Record<CloudName, Cloud>> = {
  public: PUBLIC,
  gcc: { ...PUBLIC, serviceUrl: 'https://smba.infra.gcc.teams.microsoft.com/teams/' },
  gcch: GCC_HIGH,
  dod: {
    ...GCC_HIGH,
    serviceUrl: 'https://smba.infra.dod.teams.microsoft.us/teams/',
    graphUrl: 'https://dod-graph.microsoft.us',
  },
  china: {
    loginUrl: 'https://login.partner.microsoftonline.cn',
    multiTenantAuthority: 'microsoftservices.partner.onmschina.cn',
    scope: 'https://api.botframework.azure.cn/.default',
    serviceUrl: null,
    graphUrl: 'https://microsoftgraph.chinacloudapi.cn',
    openIdUrl: 'https://login.botframework.azure.cn/v1/.well-known/openidconfiguration',
    issuer: 'https://api.botframework.azure.cn',
  },
};

/** The cloud a connection names or, when it names none, the one whose login host it uses. */
export function cloudOf({ cloud, loginUrl }: { readonly cloud?: CloudName; readonly loginUrl?: string }): Cloud {
  if (cloud !== undefined) return CLOUDS[cloud];
  const host = loginUrl === undefined ? null : URL.parse(loginUrl)?.hostname;
  const named = CLOUD_NAMES.find((name) => URL.parse(CLOUDS[name].loginUrl)?.hostname === host);
  return CLOUDS[named ?? 'public'];
}
