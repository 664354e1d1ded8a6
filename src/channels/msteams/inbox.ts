import { isUtf8 } from 'node:buffer';
import { parseJsonObject } from '../../model/json.ts';
import { findJsonFault } from '../../model/json-guard.ts';
import type { News } from '../../model/news.ts';
import type { Connection } from '../../model/tenancy.ts';
import type { Callback, CallbackRequest, ChannelInbox, ChannelTools } from '../contract.ts';
import { KeySet } from '../key-set.ts';
import { type Activity, readActivity } from './activity.ts';
import { type Caller, type CallerRules, identifyCaller } from './caller.ts';
import { isGuid } from './guid.ts';
import { Members } from './members.ts';
import { ServiceUrls } from './service-urls.ts';
import type { TeamsSettings } from './settings.ts';

/** Users who are reached from other surfaces have conversations that take no proactive message. */
const CHANNEL = 'msteams';
/**
 * The bot's messaging endpoint. What people do in their chat with the bot tells where they are reached; nothing else is
 * read of it. Read receipts are acknowledged and bring no news: they name the last message read by its id in the chat,
 * and a message to Teams carries nothing of ours that would come back.
 */
export class TeamsInbox implements ChannelInbox {
  readonly #settings: TeamsSettings;
  readonly #tools: ChannelTools;
  readonly #serviceUrls: ServiceUrls;
  readonly #rules: CallerRules;
  readonly #members: Members;

  constructor(settings: TeamsSettings, connection: Connection, tools: ChannelTools) {
    this.#settings = settings;
    this.#tools = tools;
    const { allowPrivateNetwork } = connection;
    this.#serviceUrls = new ServiceUrls(settings.serviceUrl, allowPrivateNetwork);
    this.#rules = {
      appId: settings.appId,
      issuer: settings.knownCloud.issuer,
      keys: new KeySet(
        { url: settings.openIdUrl, leadsTo: 'metadata', takesCertificates: false, allowPrivateNetwork },
        tools,
      ),
      clock: tools.clock,
    };
    this.#members = new Members(settings, connection, tools);
  }

  async receive(request: CallbackRequest): Promise<Callback> {
    if (request.method !== 'POST' || request.kind !== 'events') return refuse(405, 'only POST to events is taken');
    const caller = await identifyCaller(request.headers['authorization'], this.#rules);
    if ('refused' in caller) return refuse(caller.status, caller.refused);
    const activity = parseActivity(request.body);
    if (typeof activity === 'string') return refuse(400, activity);
    const fault = this.#findFault(activity, caller);
    if (fault !== null) return refuse(403, fault);
    return { reply: { status: 200 }, news: await this.#read(activity, request.signal) };
  }

  /** What the token does not vouch for. */
  #findFault({ channelId, serviceUrl, tenantId }: Activity, caller: Caller): string | null {
    if (!caller.endorsements.includes(channelId)) return 'its key is not endorsed for its channelId';
    if (caller.serviceUrl !== serviceUrl) return 'its serviceUrl is not the one its token names';
    if (!this.#serviceUrls.isTrusted(serviceUrl)) return 'its serviceUrl is on no host of the Bot Connector';
    if (this.#settings.multiTenant) return null;
    const home = this.#settings.tenantId;
    if (!isGuid(home)) return 'tenantId must be the GUID of the tenant, or others’ events cannot be told apart';
    return tenantId?.toLowerCase() === home.toLowerCase() ? null : 'it is of another tenant than tenantId';
  }

  async #read(activity: Activity, signal: AbortSignal): Promise<News[]> {
    const { person, what, channelId, isPersonal, conversationId } = activity;
    if (person === null || what === 'nothing' || channelId !== CHANNEL || !isPersonal) return [];
    const at = Math.min(activity.at ?? Number.POSITIVE_INFINITY, this.#tools.clock.now());
    const ids = person.aadObjectId === null ? [] : [person.aadObjectId];
    if (what === 'left') return [{ kind: 'left', identities: [person.id, ...ids], at }];
    if (conversationId === null) return [];

    const serviceUrl = this.#serviceUrls.choose(activity.serviceUrl);
    const names = await this.#members.namesOf({ serviceUrl, conversationId, userId: person.id, signal });
    const [first, ...others] = [...names, person.id, ...ids];
    const reference = {
      conversationId,
      serviceUrl,
      ...(activity.tenantId === null ? {} : { tenantId: activity.tenantId }),
      ...(person.aadObjectId === null ? {} : { aadObjectId: person.aadObjectId }),
    };
    const address = { channelId: person.id, reference };
    return [{ kind: 'seen', identities: [first ?? person.id, ...others], address, at }];
  }
}

/** A sentence for what is no activity. */
function parseActivity(body: Uint8Array): Activity | string {
  const json = isUtf8(body) ? parseJsonObject(Buffer.from(body).toString('utf8')) : null;
  if (json === null) return 'its body is not a JSON object';
  const fault = findJsonFault(json);
  if (fault !== null) return 'its body is nested too deep or holds what no text may hold';
  return readActivity(json) ?? 'its body is not an activity';
}

function refuse(status: number, reason: string): Callback {
  return { reply: { status }, news: [], refused: `Teams event: ${reason}` };
}
