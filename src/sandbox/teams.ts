import type { Clock } from '../model/clock.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from '../model/json.ts';
import type { BotSigner } from './bot-signer.ts';
import { BOT_AUDIENCE, BOT_FRAMEWORK_TENANT, type Entra, type EntraApp } from './entra.ts';
import { openTeamsChatId, openTeamsConversationId, teamsConversationId } from './ids.ts';
import type { Ledger } from './ledger.ts';
import { type Answer, bearerToken, type Call, empty, json, type Plan, type Provider, planAnswer } from './provider.ts';
import type { TeamsDirectory } from './teams-directory.ts';
import * as refusal from './teams-errors.ts';
import { planKeys } from './teams-keys.ts';
import {
  type ActivityTarget,
  checkActivity,
  isSplit,
  type MemberTarget,
  parseTarget,
  type Room,
  readRoom,
} from './teams-requests.ts';
import { type TeamsLimits, TeamsWindows } from './teams-windows.ts';

export interface TeamsParts {
  readonly apps: readonly EntraApp[];
  readonly entra: Entra;
  readonly directory: TeamsDirectory;
  readonly signer: BotSigner;
  readonly ledger: Ledger;
  readonly limits: TeamsLimits;
  readonly clock: Clock;
}

export interface Teams extends Provider {
  /** Forgets what the rate windows have seen. */
  reset(): void;
}

/** The Bot Connector: create or get a conversation, send, update and delete activities in it. */
export function openTeams({ apps, entra, directory, signer, ledger, limits, clock }: TeamsParts): Teams {
  const windows = new TeamsWindows(limits, clock);
  let lastMessage = clock.now();

  function plan(call: Call): Plan {
    const keys = planKeys(call, signer);
    if (keys !== null) return keys;
    const target = parseTarget(call);
    if (target === null) return planAnswer('unknown', refusal.unknownRoute);
    if (target.route === 'create') return planCreate(call);
    if (target.route === 'member') return planMember(call, target);
    return planActivity(call, target);
  }

  function planMember(call: Call, { conversation, user }: MemberTarget): Plan {
    const recipient = directory.personOf(user).match;
    return { route: 'member', recipient, exclusive: null, run: () => getMember(call, conversation, user) };
  }

  function getMember(call: Call, conversation: string, name: string): Answer {
    const app = appOf(call);
    if (app === null) return refusal.denied;
    const thread = openThread(conversation);
    if (thread === null) return refusal.foreignConversation;
    const waitMs = windows.take({ app, tenantId: thread.tenantId ?? app.tenantId, conversation, isRead: true });
    if (waitMs > 0) return refusal.throttled(waitMs);
    const { person, teamsId, objectId, userPrincipalName, mail } = directory.userOf(name);
    if (person.match !== thread.recipient || person.state === 'unknown') return refusal.memberNotFound;
    if (person.state === 'not_installed') return refusal.notInRoster;
    const { tenantId } = app;
    return json(200, {
      id: teamsId,
      aadObjectId: objectId,
      email: mail,
      userPrincipalName,
      tenantId,
      userRole: 'user',
    });
  }

  function planCreate(call: Call): Plan {
    const request = parseJsonObject(call.body);
    const room = request === null ? null : readRoom(request);
    const recipient = room === null ? null : room.isGroup ? room.member : directory.personOf(room.member).match;
    return { route: 'create', recipient, exclusive: null, run: () => create(call, request, room, recipient) };
  }

  function create(call: Call, request: JsonObject | null, room: Room | null, recipient: string | null): Answer {
    const app = appOf(call);
    if (app === null) return refusal.denied;
    if (request === null) return refusal.badSyntax('The request body is not a JSON object.');
    if (room === null || recipient === null) return refusal.badSyntax('members must name exactly one user.');
    if (room.tenantId === null) return refusal.badArgument('tenantId or channelData.tenant.id must name the tenant.');
    if (room.member.includes('@') && !room.isGroup) return refusal.badSyntax(`Bad format of user id '${room.member}'.`);

    const generation = directory.personOf(room.member).generation ?? 1;
    const conversation = room.isGroup
      ? room.member
      : teamsConversationId(app.appId, { member: recipient, tenantId: room.tenantId, generation });
    const waitMs = windows.take({ app, tenantId: room.tenantId, conversation });
    if (waitMs > 0) return refusal.throttled(waitMs);
    const no = refusalToCreate(recipient);
    if (no !== null) return no;

    const { activity } = request;
    if (!isJsonObject(activity)) return json(201, { id: conversation });
    const bad = checkActivity(activity, call.body);
    if (bad !== null) return bad;
    const activityId = record('send', call, recipient, conversation, activity);
    return json(201, { id: conversation, activityId });
  }

  function planActivity(call: Call, target: ActivityTarget): Plan {
    const thread = openThread(target.conversation);
    return {
      route: target.route,
      recipient: thread?.recipient ?? null,
      exclusive: { key: target.conversation, refusal: refusal.concurrentSend },
      run: () => act(call, target, thread),
    };
  }

  function act(call: Call, target: ActivityTarget, thread: Thread | null): Answer {
    const app = appOf(call);
    if (app === null) return refusal.denied;
    if (thread === null || (thread.appId !== null && thread.appId !== app.appId)) return refusal.foreignConversation;
    const waitMs = windows.take({ app, tenantId: thread.tenantId ?? app.tenantId, conversation: target.conversation });
    if (waitMs > 0) return refusal.throttled(waitMs);
    const no = refusalToSend(thread);
    if (no !== null) return no;

    if (target.route === 'send') return send(call, target.conversation, thread.recipient);
    return change(call, target, thread.recipient);
  }

  function send(call: Call, conversation: string, recipient: string): Answer {
    const activity = parseJsonObject(call.body);
    if (activity === null) return refusal.badSyntax('The request body is not a JSON object.');
    const bad = checkActivity(activity, call.body);
    if (bad !== null) return bad;
    // Text beside a card is split into two messages by the service, which then names neither.
    if (isSplit(activity)) {
      record('send', call, recipient, conversation, activity, null);
      return empty(202);
    }
    return json(201, { id: record('send', call, recipient, conversation, activity) });
  }

  function change(call: Call, { route, conversation, activityId }: ActivityTarget, recipient: string): Answer {
    const last = ledger.lastAbout('teams', conversation, activityId);
    if (ledger.mode === 'full' && (last === null || last.action === 'delete')) return refusal.activityNotFound;
    if (route === 'delete') {
      record('delete', call, recipient, conversation, {}, activityId);
      return empty(200);
    }
    const activity = parseJsonObject(call.body);
    if (activity === null) return refusal.badSyntax('The request body is not a JSON object.');
    const bad = checkActivity(activity, call.body);
    if (bad !== null) return bad;
    record('update', call, recipient, conversation, activity, activityId);
    return json(200, { id: activityId });
  }

  /** The registered app whose valid token the call bears. */
  function appOf(call: Call): EntraApp | null {
    const token = bearerToken(call);
    const claims = token === null ? null : entra.claimsOf(token);
    if (claims === null || claims.audience !== BOT_AUDIENCE) return null;
    const app = apps.find(({ appId }) => appId === claims.appId);
    if (app === undefined) return null;
    return claims.tenantId === (app.multiTenant ? BOT_FRAMEWORK_TENANT : app.tenantId) ? app : null;
  }

  function refusalToCreate(recipient: string): Answer | null {
    const { state } = directory.personOf(recipient);
    if (state === 'disabled_by_admin') return refusal.disabledByAdmin;
    // A person who blocked the bot still has the conversation; only writing to it fails.
    return state === 'installed' || state === 'blocked' ? null : refusal.notInstalledForCreate;
  }

  function refusalToSend({ recipient, generation }: Thread): Answer | null {
    const person = directory.personOf(recipient);
    if (person.state === 'blocked') return refusal.blocked;
    if (person.state === 'not_installed') return refusal.notInRoster;
    if (person.state === 'disabled_by_admin') return refusal.disabledByAdmin;
    const gone = generation !== null && generation !== (person.generation ?? 1);
    return person.state === 'unknown' || gone ? refusal.conversationNotFound : null;
  }

  function openThread(conversation: string): Thread | null {
    const chat = openTeamsChatId(conversation);
    if (chat !== null) {
      const recipient = directory.personOf(chat.objectId).match;
      return { recipient, tenantId: null, generation: null, appId: chat.appId };
    }
    if (conversation.startsWith('19:')) {
      const recipient = conversation.split(';', 1)[0] ?? conversation;
      return { recipient, tenantId: null, generation: null, appId: null };
    }
    for (const { appId } of apps) {
      const parts = openTeamsConversationId(appId, conversation);
      if (parts === null) continue;
      const recipient = directory.personOf(parts.member).match;
      return { recipient, tenantId: parts.tenantId, generation: parts.generation, appId };
    }
    return null;
  }

  function record(
    action: 'send' | 'update' | 'delete',
    call: Call,
    recipient: string,
    conversation: string,
    activity: JsonObject,
    messageId: string | null = String(++lastMessage),
  ): string | null {
    const { text, summary } = activity;
    ledger.record({
      provider: 'teams',
      action,
      recipient,
      conversation,
      key: null,
      messageId,
      text: typeof text === 'string' ? text : typeof summary === 'string' ? summary : null,
      signature: null,
      body: call.body,
    });
    return messageId;
  }

  return { plan, refuse: refusal.teamsRefusal, reset: () => windows.clear() };
}

interface Thread {
  readonly recipient: string;
  /** Null for group chats and channels, whose ids say nothing. */
  readonly tenantId: string | null;
  readonly generation: number | null;
  readonly appId: string | null;
}
