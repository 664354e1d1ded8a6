/**
 * To paste into a connection. `teams`, `slack`, `googleChat` and `whatsapp` end in a slash as the real ones do; append `/name` to
 * `hooks` and `webpush`.
 */
export interface SandboxUrls {
  readonly base: string;
  /** loginUrl */
  readonly login: string;
  /** serviceUrl */
  readonly teams: string;
  /** openIdUrl */
  readonly teamsOpenId: string;
  /** graphUrl */
  readonly graph: string;
  /** apiUrl */
  readonly slack: string;
  /** tokenUrl of Google Chat */
  readonly googleToken: string;
  /** keysUrl of Google Chat */
  readonly googleKeys: string;
  /** apiUrl of Google Chat */
  readonly googleChat: string;
  /** apiUrl of WhatsApp */
  readonly whatsapp: string;
  readonly hooks: string;
  /** apiUrl of Twilio; it ends in a slash too. */
  readonly twilio: string;
  /** Endpoints of push subscriptions begin with it. */
  readonly webpush: string;
  readonly smtp: { readonly host: string; readonly port: number };
}

export function urlsAt(host: string, port: number, smtpPort: number): SandboxUrls {
  const base = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    base,
    login: `${base}/login`,
    teams: `${base}/teams/`,
    teamsOpenId: `${base}/teams/v1/.well-known/openidconfiguration`,
    graph: `${base}/graph`,
    slack: `${base}/slack/api/`,
    googleToken: `${base}/googletoken/token`,
    googleKeys: `${base}/googlekeys/certs`,
    googleChat: `${base}/googlechat/`,
    whatsapp: `${base}/whatsapp/v25.0/`,
    hooks: `${base}/hooks`,
    twilio: `${base}/twilio/`,
    webpush: `${base}/webpush`,
    smtp: { host, port: smtpPort },
  };
}
