import type { Clock } from '../model/clock.ts';
import type { JsonObject } from '../model/json.ts';
import type { BotSigner, Forged } from './bot-signer.ts';
import { teamsConversationId } from './ids.ts';
import type { TeamsDirectory, TeamsUser } from './teams-directory.ts';
import type { WebhookReply, Webhooks } from './webhooks.ts';

export const TEAMS_EVENTS = ['install', 'uninstall', 'message', 'reaction', 'read'] as const;
export type TeamsEventKind = (typeof TEAMS_EVENTS)[number];

/** Something a person does in Teams. */
export interface TeamsEvent {
  readonly kind: TeamsEventKind;
  /** `29:…`, an object id or an e-mail. */
  readonly user: string;
  readonly text?: string;
}

export interface TeamsEventsParts {
  readonly bot: { readonly appId: string; readonly tenantId: string };
  readonly directory: TeamsDirectory;
  readonly signer: BotSigner;
  readonly webhooks: Webhooks;
  /** Where the connector is. */
  readonly serviceUrl: () => string;
  readonly clock: Clock;
}

export interface TeamsEvents {
  /** The activities that Teams posts of an event, in their order. */
  write(event: TeamsEvent): JsonObject[];
  /** Lets it happen: whether the app is installed changes with it. Answers to what was posted; null: nobody took it. */
  happen(event: TeamsEvent): Promise<(WebhookReply | null)[]>;
  /** Posts one activity, signed as it should be or as told. */
  post(activity: JsonObject, forged?: Forged): Promise<WebhookReply | null>;
}

export function openTeamsEvents({
  bot,
  directory,
  signer,
  webhooks,
  serviceUrl,
  clock,
}: TeamsEventsParts): TeamsEvents {
  const botAccount = { id: `28:${bot.appId}`, name: 'Sandbox' };
  let posted = 0;

  function write({ kind, user: name, text = 'hello' }: TeamsEvent): JsonObject[] {
    const user = directory.userOf(name);
    const common = frame(user);
    switch (kind) {
      case 'install':
        return [
          { ...common('conversationUpdate'), membersAdded: [botAccount, { id: user.teamsId }] },
          { ...common('installationUpdate'), action: 'add' },
        ];
      case 'uninstall':
        return [
          { ...common('conversationUpdate'), membersRemoved: [botAccount] },
          { ...common('installationUpdate'), action: 'remove' },
        ];
      case 'message':
        return [{ ...common('message'), text, textFormat: 'plain' }];
      case 'reaction':
        return [{ ...common('messageReaction'), replyToId: '1', reactionsAdded: [{ type: 'like' }] }];
      case 'read':
        return [
          {
            ...common('event'),
            name: 'application/vnd.microsoft.readReceipt',
            value: { lastReadMessageId: '1795343389793' },
          },
        ];
    }
  }

  function frame({ person, teamsId, objectId }: TeamsUser) {
    const { tenantId } = bot;
    const generation = person.generation ?? 1;
    const conversationId = teamsConversationId(bot.appId, { member: person.match, tenantId, generation });
    return (type: string): JsonObject => ({
      type,
      id: `1:${++posted}`,
      timestamp: new Date(clock.now()).toISOString(),
      channelId: 'msteams',
      serviceUrl: serviceUrl(),
      from: { id: teamsId, aadObjectId: objectId },
      recipient: botAccount,
      conversation: { id: conversationId, conversationType: 'personal', tenantId },
      channelData: { tenant: { id: tenantId } },
    });
  }

  async function happen(event: TeamsEvent): Promise<(WebhookReply | null)[]> {
    if (event.kind === 'install') directory.change(directory.userOf(event.user), 'installed');
    if (event.kind === 'uninstall') directory.change(directory.userOf(event.user), 'not_installed');
    const replies = [];
    for (const activity of write(event)) replies.push(await post(activity));
    return replies;
  }

  async function post(activity: JsonObject, forged: Forged = {}): Promise<WebhookReply | null> {
    const token = await signer.sign(bot.appId, String(activity['serviceUrl']), forged);
    const headers = { 'content-type': 'application/json; charset=utf-8', authorization: `Bearer ${token}` };
    return webhooks.post('teams', { headers, body: JSON.stringify(activity) });
  }

  return { write, happen, post };
}
