import type { EntraApp } from './entra.ts';
import { GOOGLE_ACCOUNT, type GoogleAccount, SECOND_GOOGLE_ACCOUNT } from './google-accounts.ts';
import type { SlackApp } from './slack-events.ts';

/** What a configuration needs to talk to the simulators; the same on every start. Worth nothing anywhere else. */
export interface SandboxCredentials {
  readonly teams: TeamsCredentials;
  /** A bot of the older, multi-tenant kind. */
  readonly teamsMultiTenant: TeamsCredentials;
  /** The Teams app around both, in the organisation's catalog. */
  readonly teamsApp: { readonly manifestId: string; readonly teamsAppId: string };
  readonly slack: SlackApp;
  readonly googleChat: GoogleAccount;
  readonly whatsapp: WhatsappCredentials;
  /** The hook `signed` refuses what is not signed with this secret. */
  readonly hook: { readonly name: string; readonly secret: string };
  readonly smtp: { readonly user: string; readonly password: string };
  /** The key that every browser subscribed with. */
  readonly webpush: WebpushCredentials;
  readonly twilio: Pick<TwilioAccount, 'accountSid' | 'authToken' | 'from'>;
}

/** Either sender may be used, and either secret. */
export interface TwilioAccount {
  readonly accountSid: string;
  readonly authToken: string;
  readonly apiKeySid: string;
  readonly apiKeySecret: string;
  readonly from: string;
  readonly messagingServiceSid: string;
}

export interface TeamsCredentials {
  readonly appId: string;
  readonly appPassword: string;
  readonly tenantId: string;
}

export interface WhatsappCredentials {
  readonly phoneNumberId: string;
  readonly businessAccountId: string;
  readonly accessToken: string;
  /** What webhooks are signed with. */
  readonly appSecret: string;
  readonly verifyToken: string;
}

export interface WebpushCredentials {
  readonly vapidPublicKey: string;
  readonly vapidPrivateKey: string;
  readonly subject: string;
}

const TENANT_ID = '00000000-0000-0000-0000-0000000000aa';

/** The sender is the one that Twilio's own test credentials may use. */
export const TWILIO_ACCOUNT: TwilioAccount = {
  accountSid: `AC${'0'.repeat(31)}1`,
  authToken: 'sandbox-twilio-auth-token',
  apiKeySid: `SK${'0'.repeat(31)}1`,
  apiKeySecret: 'sandbox-twilio-api-key-secret',
  from: '+15005550006',
  messagingServiceSid: `MG${'0'.repeat(31)}1`,
};

export const CREDENTIALS: SandboxCredentials = {
  teams: {
    appId: '00000000-0000-0000-0000-000000000001',
    appPassword: 'sandbox-teams-secret',
    tenantId: TENANT_ID,
  },
  teamsMultiTenant: {
    appId: '00000000-0000-0000-0000-000000000002',
    appPassword: 'sandbox-multi-tenant-secret',
    tenantId: TENANT_ID,
  },
  teamsApp: {
    manifestId: '00000000-0000-0000-0000-0000000000a1',
    teamsAppId: '00000000-0000-0000-0000-0000000000c1',
  },
  slack: { token: 'xoxb-sandbox', signingSecret: 'sandbox-slack-signing-secret' },
  googleChat: GOOGLE_ACCOUNT,
  whatsapp: {
    phoneNumberId: '100000000000001',
    businessAccountId: '200000000000001',
    accessToken: 'EAAsandboxWhatsappToken',
    appSecret: 'sandbox-whatsapp-app-secret',
    verifyToken: 'sandbox-whatsapp-verify-token',
  },
  hook: { name: 'signed', secret: 'whsec_c2FuZGJveC1zaWduaW5nLXNlY3JldC0wMDE=' },
  smtp: { user: 'sandbox', password: 'sandbox-smtp-password' },
  webpush: {
    vapidPublicKey: 'BGtZltjCJ3x5o0nFtVFMkGWO4RvEDJh4A1a8j1hhSm7motDZbAhnwMJrkshb2cbe15fefS_EP3giU4QGtVYNwPA',
    vapidPrivateKey: 'Es4_QFLdpy_ennOckKOHC_EzTyFFRhrbartgqoge3Xk',
    subject: 'mailto:beckon@example.com',
  },
  twilio: {
    accountSid: TWILIO_ACCOUNT.accountSid,
    authToken: TWILIO_ACCOUNT.authToken,
    from: TWILIO_ACCOUNT.from,
  },
};

export const GOOGLE_ACCOUNTS: readonly GoogleAccount[] = [GOOGLE_ACCOUNT, SECOND_GOOGLE_ACCOUNT];

export const APPS: readonly EntraApp[] = [toApp(CREDENTIALS.teams, false), toApp(CREDENTIALS.teamsMultiTenant, true)];

function toApp({ appId, appPassword, tenantId }: TeamsCredentials, multiTenant: boolean): EntraApp {
  return { appId, secret: appPassword, tenantId, multiTenant };
}
