import { randomBytes } from 'node:crypto';
import { randomId } from '../model/ids.ts';
import type { JsonObject } from '../model/json.ts';
import { SCOPE_DIRECTORY, SCOPE_SEND } from '../model/tenancy.ts';
import { GOOGLE_PROJECT } from '../sandbox/google-events.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

export interface SandboxConfig {
  /** A whole configuration file. */
  readonly file: JsonObject;
  readonly botId: string;
  readonly clientId: string;
}

/** A configuration with one bot that talks to the simulators, and one app with a fresh secret that may use it. */
export function sandboxConfig({ urls, credentials }: Pick<Sandbox, 'urls' | 'credentials'>): SandboxConfig {
  const botId = randomId('st');
  const clientId = randomId('cs');
  // The simulators are on this machine, and nobody else's limits are at stake.
  const common = { allowPrivateNetwork: true, limits: { perSecond: 0 } };
  const { name, secret } = credentials.hook;
  const connections = [
    {
      channel: 'msteams',
      ...credentials.teams,
      serviceUrl: urls.teams,
      loginUrl: urls.login,
      graphUrl: urls.graph,
      openIdUrl: urls.teamsOpenId,
      ...common,
    },
    { channel: 'slack', ...credentials.slack, apiUrl: urls.slack, ...common },
    {
      channel: 'hangoutchat',
      ...credentials.googleChat,
      tokenUrl: urls.googleToken,
      apiUrl: urls.googleChat,
      audience: GOOGLE_PROJECT,
      keysUrl: urls.googleKeys,
      ...common,
    },
    { channel: 'whatsapp', ...credentials.whatsapp, apiUrl: urls.whatsapp, ...common },
    { channel: 'ivr', name: 'Webhook', url: `${urls.hooks}/${name}`, secret, ...common },
    {
      channel: 'email',
      ...urls.smtp,
      security: 'none',
      ...credentials.smtp,
      from: 'Beckon <beckon@example.com>',
      unsubscribeSecret: randomBytes(24).toString('base64url'),
      ...common,
    },
    { channel: 'sms', provider: 'twilio', ...credentials.twilio, apiUrl: urls.twilio, ...common },
    { channel: 'webpush', ...credentials.webpush, allowedHosts: [urls.base], ...common },
  ];
  const app = {
    clientId,
    name: 'Rehearsal',
    algorithm: 'HS256',
    clientSecret: randomBytes(36).toString('base64url'),
    bots: [botId],
    scopes: [SCOPE_SEND, SCOPE_DIRECTORY],
  };
  return { botId, clientId, file: { bots: [{ id: botId, name: 'Rehearsal', connections }], apps: [app] } };
}
