import { aString, type Check, ControlError, oneOf, shape } from './checks.ts';
import { type Answer, type Call, json } from './provider.ts';
import { SLACK_CHANGES, type SlackChange, type SlackEvents } from './slack-events.ts';

/** Control routes of the simulated Slack: `POST /slack` makes something happen in the workspace. */
export function controlSlack(
  events: SlackEvents,
  readJson: (call: Call) => unknown,
): Readonly<Record<string, (call: Call) => Promise<Answer>>> {
  return {
    'POST /slack': async (call) => {
      const change = readJson(call);
      checkChange(change);
      const replies = await events.announce(change);
      return json(200, { events: replies.map((reply) => ({ status: reply?.status ?? null })) });
    },
  };
}

const anEmail: Check = (value, path) => {
  aString(value, path);
  if (!String(value).includes('@')) throw new ControlError(`${path} must be an e-mail address.`);
};

const FIELDS: Readonly<Record<SlackChange['kind'], Readonly<Record<string, Check>>>> = {
  user_joined: { email: anEmail },
  user_deactivated: { email: anEmail },
  conversation_opened: { email: anEmail },
  email_changed: { email: anEmail, newEmail: anEmail },
  app_uninstalled: {},
  url_verification: {},
};

function checkChange(value: unknown): asserts value is SlackChange {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
  const aKind = oneOf(SLACK_CHANGES);
  aKind(kind, 'slack.kind');
  const fields = SLACK_CHANGES.filter((known) => known === kind).map((known) => FIELDS[known])[0] ?? {};
  shape({ kind: aKind, ...fields })(value, 'slack');
}
