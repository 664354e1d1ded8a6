import { derivedId } from '../../model/ids.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import type { Notification, Recipient } from '../../model/notification.ts';
import type { Person } from '../../model/person.ts';

export interface ContextFacts {
  readonly botName: string;
  readonly notification: Pick<Notification, 'botId' | 'id' | 'channelSpelling'>;
  readonly recipient: Pick<Recipient, 'identity' | 'parameters'>;
  readonly personId: string;
  /** Null: the directory does not know the recipient. */
  readonly person: Person | null;
}

/**
 * The `context` of a script, as JSON text: Kore's keys, filled with what the directory knows of one recipient. What
 * only a conversation would have is there and empty, so that scripts that look for it go on.
 */
export function writeContext(facts: ContextFacts): string {
  const { botName, notification, personId } = facts;
  const language = languageOf(facts.person);
  return JSON.stringify({
    bot: botName,
    botid: notification.botId,
    taskid: '',
    intent: '',
    entities: {},
    userInputs: {},
    history: [],
    dialog_tone: [],
    message_tone: [],
    currentTags: [],
    historicTags: [],
    currentLanguage: language,
    suggestedLanguages: [],
    parameters: { ...facts.recipient.parameters },
    session: {
      EnterpriseContext: {},
      BotContext: {},
      UserContext: userContext(facts),
      UserSession: {},
      BotUserSession: botUserSession(facts, language),
      opts: { userId: personId, streamId: notification.botId },
    },
  });
}

function userContext({ person, personId, recipient }: ContextFacts): JsonObject {
  const attributes = person?.attributes ?? {};
  const { firstName, lastName } = namesOf(person);
  return {
    _id: personId,
    orgId: textOf(attributes['orgId']),
    emailId: person?.email ?? (recipient.identity.includes('@') ? recipient.identity : ''),
    firstName,
    lastName,
    dept: textOf(attributes['dept']),
    jTitle: textOf(attributes['jTitle']),
    profColour: '',
    profImage: textOf(attributes['profImage']),
    activationStatus: 'active',
    workinghours: [],
    identities: identitiesOf(person, recipient.identity),
    customData: attributes,
    tags: [...(person?.tags ?? [])],
  };
}

/** Somebody who was never spoken with has no last message; what scripts look for in one is the channel. */
function botUserSession(facts: ContextFacts, language: string): JsonObject {
  const { notification, person, personId, recipient } = facts;
  return {
    isReturningUser: false,
    lastMessage: {
      channel: notification.channelSpelling,
      messagePayload: {
        message: { body: '' },
        meta: { timezone: person?.timeZone ?? '', locale: person?.locale ?? language },
        from: { id: recipient.identity },
      },
    },
    lastUserMessageTime: '',
    conversationSessionId: derivedId('ds', notification.id, personId),
  };
}

/** Names of their own in the attributes come first; else the first word of the whole name is the first name. */
function namesOf(person: Person | null): { readonly firstName: string; readonly lastName: string } {
  const [first = '', ...rest] = (person?.name ?? '').trim().split(/\s+/);
  const { attributes = {} } = person ?? {};
  return {
    firstName: textOf(attributes['firstName']) || first,
    lastName: textOf(attributes['lastName']) || rest.join(' '),
  };
}

function identitiesOf(person: Person | null, identity: string): Json[] {
  const known: (readonly [string | null, string])[] = [
    [person?.email ?? null, 'email'],
    [person?.upn ?? null, 'upn'],
    [person?.phone ?? null, 'phone'],
    ...(person?.identities ?? []).map((val) => [val, 'other'] as const),
  ];
  const listed = known.flatMap(([val, type]) => (val === null ? [] : [{ val, type }]));
  if (listed.some(({ val }) => val === identity)) return listed;
  return [...listed, { val: identity, type: identity.includes('@') ? 'email' : 'other' }];
}

/** `de` of `de-AT`: Kore's language codes have no region. */
const languageOf = (person: Person | null): string => person?.locale?.split(/[-_]/)[0]?.toLowerCase() || 'en';

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
