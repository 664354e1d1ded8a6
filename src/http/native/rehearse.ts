import { resolveRecipients } from '../../directory/resolve.ts';
import type { Message } from '../../model/message.ts';
import { identityKey } from '../../model/person.ts';
import type { Reason } from '../../model/reasons.ts';
import { tagFor } from '../../render/languages.ts';
import { writeFor } from '../../render/write-for.ts';
import type { Store } from '../../store/port.ts';
import type { Addressed } from '../accept/asked.ts';

/** What would become of a recipient, as far as it can be known without asking a provider. */
export interface Rehearsed {
  readonly seq: number;
  readonly identity: string;
  readonly personId: string;
  /** The variant of a template; null: its message has but one. */
  readonly language: string | null;
  /** What would be sent; null: a script would have to print it. */
  readonly message: Message | null;
  readonly fault: { readonly reason: Reason; readonly detail: string | null } | null;
}

export interface RehearseParts {
  readonly store: Pick<Store, 'resolve' | 'listSilenced' | 'listOptedOut'>;
  readonly botId: string;
}

export type Rehearsing = Pick<Addressed, 'channel' | 'connection' | 'message' | 'recipients' | 'resolve' | 'options'>;

/** Resolves, renders and inspects as a delivery over the first channel does, and sends nothing. */
export async function rehearse(asked: Rehearsing, { store, botId }: RehearseParts): Promise<Rehearsed[]> {
  const { channel, connection, message: content, recipients, resolve } = asked;
  const about = content.type === 'localised';
  const { addressing, keepsSilence, escapeValue } = channel;
  const question = { store, botId, connectionId: connection.id, addressing, resolve, about, recipients };
  const resolved = await resolveRecipients(question);
  const namesOf = (index: number): string[] => {
    const channelId = resolved[index]?.address?.channelId;
    return [recipients[index]?.identity ?? '', ...(channelId === undefined ? [] : [channelId])].map(identityKey);
  };
  const identities = keepsSilence === true ? [...new Set(recipients.flatMap((_, index) => namesOf(index)))] : [];
  const silenced =
    identities.length === 0
      ? new Map<string, Reason>()
      : await store.listSilenced({ botId, connectionId: connection.id, identities });
  const personIds = [...new Set(resolved.map((one) => one.personId))];
  const { category, preferencesOverride } = asked.options ?? {};
  const isAsked = category !== undefined && preferencesOverride === undefined;
  const declined = new Set(
    isAsked ? await store.listOptedOut({ botId, category, channel: channel.id, personIds }) : [],
  );
  const inspect = createInspection(asked);
  return recipients.map((recipient, index) => {
    const { personId = '', address = null, about: known } = resolved[index] ?? {};
    const locale = known?.locale ?? null;
    const isPrinted = content.type === 'script' && recipient.customMessage === null;
    const written = isPrinted ? null : writeFor(content, { recipient, locale }, escapeValue);
    const message = written?.ok ? written.message : null;
    const silence = namesOf(index)
      .map((name) => silenced.get(name))
      .find((reason) => reason !== undefined);
    const language = about ? tagFor(content, locale) : null;
    const rehearsed = { seq: recipient.seq, identity: recipient.identity, personId, language, message };
    if (declined.has(personId))
      return { ...rehearsed, fault: { reason: 'category_declined', detail: category ?? null } };
    if (silence !== undefined) return { ...rehearsed, fault: { reason: silence, detail: null } };
    if (address === null) return { ...rehearsed, fault: { reason: 'not_associated', detail: NOT_KNOWN } };
    return { ...rehearsed, fault: message === null ? null : inspect(message) };
  });
}

const NOT_KNOWN = 'the directory has no address; if the provider can be asked, it is looked up when it is sent';

/** A message of all is one object, and inspected once. */
function createInspection({ channel, connection }: Rehearsing): (message: Message) => Rehearsed['fault'] {
  const known = new Map<Message, Rehearsed['fault']>();
  return (message) => {
    const earlier = known.get(message);
    if (earlier !== undefined) return earlier;
    const fault = channel.inspect?.(message, connection.settings) ?? null;
    known.set(message, fault);
    return fault;
  };
}
