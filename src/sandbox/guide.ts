import type { SandboxCredentials } from './credentials.ts';
import { GOOGLE_PROJECT } from './google-events.ts';
import { subscriptionAt } from './push-subscriptions.ts';
import type { SandboxUrls } from './urls.ts';

/** The page at `/`: what is here, how to connect to it, how to make it misbehave, how to see what arrived. */
export function writeGuide(
  urls: SandboxUrls,
  { teams, teamsMultiTenant, teamsApp, slack, googleChat, whatsapp, hook, smtp, twilio, webpush }: SandboxCredentials,
): string {
  const { endpoint, keys } = subscriptionAt(urls.webpush, 'jane');
  return `Beckon sandbox: providers to rehearse with. Nothing leaves this machine.

CONNECT (connections in beckon.yaml)
  - channel: msteams
    appId: ${teams.appId}
    appPassword: ${teams.appPassword}
    tenantId: ${teams.tenantId}
    serviceUrl: ${urls.teams}
    loginUrl: ${urls.login}
    graphUrl: ${urls.graph}
    openIdUrl: ${urls.teamsOpenId}
    allowPrivateNetwork: true
  - channel: slack
    token: ${slack.token}
    signingSecret: ${slack.signingSecret}
    apiUrl: ${urls.slack}
    allowPrivateNetwork: true
  - channel: hangoutchat
    clientEmail: ${googleChat.clientEmail}
    privateKeyId: ${googleChat.privateKeyId}
    tokenUrl: ${urls.googleToken}
    apiUrl: ${urls.googleChat}
    audience: "${GOOGLE_PROJECT}"
    keysUrl: ${urls.googleKeys}
    allowPrivateNetwork: true
    privateKey: |
${googleChat.privateKey.trimEnd().replace(/^/gm, '      ')}
  - channel: whatsapp
    phoneNumberId: ${whatsapp.phoneNumberId}
    accessToken: ${whatsapp.accessToken}
    appSecret: ${whatsapp.appSecret}
    verifyToken: ${whatsapp.verifyToken}
    windowTemplate: { name: notice, language: en_US }
    apiUrl: ${urls.whatsapp}
    allowPrivateNetwork: true
  - channel: ivr
    name: Webhook
    url: ${urls.hooks}/${hook.name}
    secret: ${hook.secret}
    allowPrivateNetwork: true
  - channel: email
    host: ${urls.smtp.host}
    port: ${urls.smtp.port}
    security: none
    user: ${smtp.user}
    password: ${smtp.password}
    from: Beckon <beckon@example.com>
    allowPrivateNetwork: true
  - channel: sms
    provider: twilio
    accountSid: ${twilio.accountSid}
    authToken: ${twilio.authToken}
    from: "${twilio.from}"
    apiUrl: ${urls.twilio}
    allowPrivateNetwork: true
  - channel: webpush
    vapidPublicKey: ${webpush.vapidPublicKey}
    vapidPrivateKey: ${webpush.vapidPrivateKey}
    subject: ${webpush.subject}
    allowedHosts: ["${urls.base}"]
    allowPrivateNetwork: true

A multi-tenant Teams bot (authority botframework.com): ${teamsMultiTenant.appId}, ${teamsMultiTenant.appPassword}.
With lookUp: true and install: true, manifestId: ${teamsApp.manifestId}
people are found in Graph by e-mail and get the app.
Any other ${urls.hooks}/<name> takes every webhook and checks no signature.
${urls.webpush}/<name> is a browser under any name. Its subscription, and the same as a line for the directory:
  curl '${urls.base}/control/subscription?name=jane'
{"email":"jane@example.com","addresses":[{"channel":"webpush","channelId":"${endpoint}","reference":${JSON.stringify(keys)}}]}

WHO IS THERE
Everybody, except those whose name begins with
  Teams  29:unknown… (no such user)  29:blocked…  29:removed… (app not installed)  29:forbidden… (disabled by the admin)
         unknown…@  blocked…@  removed…@  forbidden…@  guest…@
  Slack  unknown…@  deleted…@  guest…@
  Google spaces/unknown…  users/unknown…  spaces/removed…  users/removed… (the app was removed)
  WhatsApp 999131026… (not on it)  999130497… (country)  999131050… (opted out)  999131049… (capped); 999 is no country
  Mail   550-5.1.1@ (refused with that reply; data-552-5.3.4@ after the mail)  greylist…@ (once)  drop…@ (taken, no reply)
  Twilio +15005550001 (invalid)  …2 (no route)  …3 (country not allowed)  …4 (answered STOP)  …9 (a landline)
         +99930003… (taken, and fails with 30003 later)  +99900001… (told backwards)  +99900002… (twice)  +99900003… (read)
  Push   gone… (unsubscribed)  unknown…  otherkey… (subscribed with another VAPID key)
Change it; "match" may hold * and ?:
  curl -X PUT ${urls.base}/control/people -d '{"teams":[{"match":"29:jane","state":"blocked"}]}'
  curl -X PUT ${urls.base}/control/people -d '{"slack":[{"match":"jane@example.com","state":"deleted"}]}'
  curl -X PUT ${urls.base}/control/people -d '{"google":[{"match":"spaces/AAAA","state":"removed"}]}'
  curl -X PUT ${urls.base}/control/people -d '{"whatsapp":[{"match":"49*","state":"country_blocked"}]}'
  curl -X PUT ${urls.base}/control/people -d '{"twilio":[{"match":"+4915112345678","state":"stopped"}]}'
  curl -X PUT ${urls.base}/control/people -d '{"webpush":[{"match":"jane","state":"gone"}]}'
  Teams states: installed, not_installed, blocked, disabled_by_admin, unknown; "generation": 2 loses all conversations;
  "aadObjectId", "email" (the UPN), "mail" (where it is another) and "guest": true are what Graph says.
  Slack states: active, deleted, guest, tab_disabled, unknown.
  Google states: member, removed, unknown, api_disabled; "space" is the direct message of a users/… entry.
  Twilio states: reachable, stopped, landline, no_route, country_blocked, unknown.
  Push states: subscribed, gone, unknown, other_key.
  WhatsApp states: reachable, unknown, country_blocked, opted_out, capped. Templates (en_US): hello_world,
  order_shipped (body 2, url button 1), notice (body 1), welcome (first_name), paused_offer, disabled_offer.
  {"strict":true} makes everybody unknown who has no entry; {"replace":true} drops all entries first.

WHAT GOES WRONG
A list of rules; PUT replaces it, POST adds, DELETE clears (or /control/faults/<id> for one), GET shows the hits.
  curl -X PUT ${urls.base}/control/faults -d '[
    {"provider":"teams","route":"send","recipient":"29:jane","times":2,"fault":{"kind":"status","status":503}},
    {"provider":"slack","rate":0.1,"fault":{"kind":"status","status":429,"retryAfterSeconds":3}},
    {"recipient":"*@slow.example","fault":{"kind":"slow","delayMs":2000}}]'
  Filters: provider (login, teams, graph, slack, googletoken, googlechat, whatsapp, hooks, smtp, twilio, webpush), route
  (token, create, send, update, delete, deliver, findDirectMessage, Slack method, connect, auth, mail, rcpt, data),
  recipient (exact or pattern), rate (0 to 1), times, perRecipient (counts "times" for everybody apart).
  Kinds: status (status, headers, body, retryAfterSeconds, retryAfterAsDate), slow, hang, reset, cut (reset amid the
  answer), garbage, trickle (everyMs), huge (bytes). Each takes delayMs and processed: true means that the message was
  taken although the answer says otherwise. Default: false for status, hang and reset, true for the others.

WHAT COMES BACK
The providers post their events to these URLs on this machine; "whatsapp": null stops it.
  curl -X PUT ${urls.base}/control/webhooks -d '{"whatsapp":"http://127.0.0.1:8080/channels/<connection id>/events"}'
  WhatsApp tells of sent, delivered and read. Whoever has not written for 24 hours gets templates only: other messages
  are taken and then fail with 131047. Numbers with 9990 and a code (9990131026…) fail with that code.
  curl -X POST ${urls.base}/control/whatsapp/messages -d '{"from":"4915112345678","text":"Hello"}'    (or "userId":"US.1")
  curl -X POST ${urls.base}/control/whatsapp/preferences -d '{"from":"4915112345678","value":"stop"}'  (or "resume")
  curl -X PUT ${urls.base}/control/whatsapp -d '{"statuses":["read","sent"],"times":2,"batch":3}'
  Also: hold (true keeps all statuses until false), window (later, at_once, off), failures ([{"match":"49*","code":131049}]).
  Twilio tells of each message at the StatusCallback it came with. Answers and Google's events need a webhook as above:
  curl -X POST ${urls.base}/control/twilio/messages -d '{"from":"+4915112345678","body":"STOP"}'    (optOutType: START)
  curl -X POST ${urls.base}/control/googlechat/events -d '{"kind":"added","user":"users/1001","email":"jane@example.com"}'
    also message, removed; "space":"spaces/AAAA" for a space with others, "addOn":true for the format of add-ons.
  Slack's app is told what happens in the workspace, signed with ${slack.signingSecret}:
  curl -X POST ${urls.base}/control/slack -d '{"kind":"user_deactivated","email":"jane@example.com"}'
  Also: user_joined, conversation_opened, email_changed (newEmail), app_uninstalled (the token is dead), url_verification.

WHAT ARRIVED
  curl '${urls.base}/control/ledger?provider=teams&recipient=29:jane&after=0&limit=100'
  curl '${urls.base}/control/ledger/counts?provider=teams'      (add atLeast=1000&timeoutMs=30000 to wait for that many)
  curl ${urls.base}/control/stats
  curl -X POST ${urls.base}/control/teams/events -d '{"kind":"install","user":"29:jane"}'   (to the webhook of "teams";
    also uninstall, message, reaction, read)
  curl -X POST ${urls.base}/control/reset
  curl -X PUT ${urls.base}/control/hooks -d '{"orders":["whsec_bmV3LXNlY3JldA==","whsec_b2xkLXNlY3JldA=="]}'
`;
}
