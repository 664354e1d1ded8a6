import type { AudiencePlan } from '../../model/audience.ts';
import type { FallBack } from '../../model/fall-back.ts';
import { laneFor } from '../../model/lane.ts';
import type { Content, Parameters } from '../../model/message.ts';
import type { Recipient } from '../../model/notification.ts';
import type { Options } from '../../model/options.ts';
import { parsePayload } from '../../render/message.ts';
import { type Addressed, MAX_PARAMETERS } from '../accept/asked.ts';
import type { ChannelFacts } from '../accept/channel-catalog.ts';
import { readExclusion, readFilter } from './audience/filter-body.ts';
import { readCallback } from './callback-body.ts';
import { fitTemplate, type NamedTemplate } from './named-template.ts';
import { type ReadChannelsParts, readChannels } from './read-channels.ts';
import { readTiming } from './read-timing.ts';
import { readRules } from './rules-body.ts';
import { IDENTITY_KEYS, type RecipientBody, type SendBody } from './send-body.ts';
import { wrong } from './wrong.ts';

export interface ReadSendParts extends ReadChannelsParts {
  readonly now: number;
}

/** What is asked for, whoever is to get it. */
export type AskedOfAll = Omit<Addressed, 'recipients'>;

export type Gathered = AskedOfAll & Pick<AudiencePlan, 'from' | 'exclude' | 'parameters'>;

/** What a body that fits its schema asks for; refuses what no schema can say. */
export function readSend(body: SendBody, parts: ReadSendParts): Addressed {
  const asked = readAsked(body, parts);
  return { ...asked, recipients: readRecipients(body, forAllOf(body, asked, parts)) };
}

/** The same of one that gathers its recipients by itself, or waits for them. */
export function readGathered(body: SendBody, parts: ReadSendParts): Gathered {
  const asked = readAsked(body, parts);
  const { recipients, audience } = body;
  const exclude = body.exclude === undefined ? {} : { exclude: readExclusion(body.exclude) };
  const parameters = body.parameters ?? null;
  if (audience !== undefined) return { ...asked, ...exclude, parameters };
  const forAll = forAllOf(body, asked, parts);
  if (recipients !== undefined && !Array.isArray(recipients)) {
    const from = readFilter(recipients.filter, asked.channel);
    // Nobody has any of their own, so what is missing is missing for all.
    return { ...asked, ...exclude, from, parameters: readParameters(forAll, undefined, '') };
  }
  const named = readRecipients(body, forAll);
  return {
    lane: laneFor(named.length),
    ...asked,
    ...exclude,
    from: { kind: 'named', recipients: named },
    parameters,
  };
}

const forAllOf = (body: SendBody, asked: AskedOfAll, { template }: ReadSendParts): ForAll => ({
  ...asked,
  fallBacks: asked.options?.fallBacks ?? [],
  parameters: body.parameters ?? null,
  template,
});

function readRecipients({ recipients }: SendBody, forAll: ForAll): Recipient[] {
  if (!Array.isArray(recipients)) throw wrong('/recipients', 'is missing');
  return recipients.map((recipient, seq) => readRecipient(recipient, seq, `/recipients/${seq}`, forAll));
}

function readAsked(body: SendBody, parts: ReadSendParts): AskedOfAll {
  if (body.audience !== undefined && body.recipients !== undefined) {
    throw wrong('/audience', 'stands in place of recipients: leave one of the two out');
  }
  const named = Array.isArray(body.recipients) ? body.recipients.length : null;
  if (named === null && body.canary?.share !== undefined) {
    throw wrong('/canary/share', 'is of recipients who are not known yet: say first');
  }
  const { template } = parts;
  const { fallBacks, ...first } = readChannels(body, parts);
  const quietHours = parts.tenancy.bot(parts.botId)?.quietHours;
  const { options: timing, ...ends } = readTiming(body, { now: parts.now, quietHours });
  const options = {
    ...timing,
    ...(fallBacks.length > 0 && { fallBacks }),
    ...readRules(body, named ?? Number.POSITIVE_INFINITY),
    ...(body.callback && { callback: readCallback(body.callback, parts) }),
    ...(template && { template: template.key }),
    ...readCategory(body),
  };
  return {
    ...first,
    resolve: true,
    ...(body.deduplicate && { deduplicate: true }),
    ...(body.priority && { lane: body.priority }),
    ...ends,
    ...(Object.keys(options).length > 0 && { options }),
  };
}

function readCategory({
  category,
  overridePreferences,
  priority,
}: SendBody): Pick<Options, 'category' | 'preferencesOverride'> {
  if (overridePreferences === undefined) return category === undefined ? {} : { category };
  if (category === undefined) throw wrong('/overridePreferences', 'overrides nothing without a category: leave it out');
  if (priority !== 'urgent') throw wrong('/overridePreferences', 'is for what is urgent: give priority urgent as well');
  return { category, preferencesOverride: overridePreferences };
}

/** What a recipient is read beside. */
export interface ForAll {
  readonly channel: ChannelFacts;
  readonly message: Content;
  readonly parameters: Parameters | null;
  readonly fallBacks: readonly FallBack[];
  readonly template: NamedTemplate | null;
}

/** `place`: where it stands, as the pointer of whatever is wrong with it. */
export function readRecipient(given: string | RecipientBody, seq: number, place: string, forAll: ForAll): Recipient {
  const recipient = typeof given === 'string' ? { identity: given } : given;
  return {
    seq,
    identity: readIdentity(recipient, place, forAll.channel),
    customMessage: recipient.message ? readOwnMessage(recipient.message, `${place}/message`, forAll) : null,
    parameters: readParameters(forAll, recipient.parameters, place),
    attempts: 0,
    maybeSent: false,
  };
}

function readIdentity(recipient: RecipientBody, place: string, channel: ChannelFacts): string {
  const given = IDENTITY_KEYS.filter((key) => recipient[key] !== undefined);
  const [key, other] = given;
  const fits = key === 'identity' || key === channel.identityKey;
  const identity = key === undefined ? undefined : recipient[key];
  if (fits && other === undefined && identity !== undefined) return identity;
  const which = other === undefined ? '' : `says twice who it is (${given.join(', ')}); `;
  throw wrong(place, `${which}needs either identity or ${channel.identityKey}, which is what ${channel.id} goes by`);
}

/** A recipient's own is kept as text, of which the type of the message of all says how it is read. */
function readOwnMessage(
  own: NonNullable<RecipientBody['message']>,
  place: string,
  { message: ofAll, fallBacks, template }: ForAll,
): string {
  if (template !== null)
    throw wrong(place, 'stands beside a template: what is special about somebody goes into parameters');
  if (fallBacks.some(({ message }) => message !== null)) {
    throw wrong(
      place,
      'leaves open which of channels it replaces the message of; use parameters, or no messages there',
    );
  }
  if (own.type === 'native') {
    if (fallBacks.length > 0) throw wrong(`${place}/type`, 'must be text, which every one of channels takes');
    if (ofAll.type !== 'text') return JSON.stringify(own.payload);
    throw wrong(`${place}/type`, 'must be text, as the message of all is; or make that one native');
  }
  if (ofAll.type === 'text' || parsePayload(own.val) === null) return own.val;
  throw wrong(`${place}/val`, 'holds JSON, and would be sent as a native message: send it with the type native');
}

function readParameters(
  { parameters, template }: ForAll,
  own: Parameters | undefined,
  place: string,
): Parameters | null {
  const joined = joinParameters(parameters, own, place);
  return template === null ? joined : fitTemplate(template, joined ?? {}, own, place);
}

function joinParameters(ofAll: Parameters | null, own: Parameters = {}, place: string): Parameters | null {
  const joined = { ...ofAll, ...own };
  const count = Object.keys(joined).length;
  if (count > MAX_PARAMETERS) {
    throw wrong(`${place}/parameters`, `makes ${count} with those of all; at most ${MAX_PARAMETERS} are taken`);
  }
  return count === 0 ? null : joined;
}
