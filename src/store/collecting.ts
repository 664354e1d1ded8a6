import { type AudiencePlan, type AudienceSource, namesOf } from '../model/audience.ts';
import type { Recipient } from '../model/notification.ts';
import { fitsFilter, type PeopleFilter } from '../model/people-filter.ts';
import { identityKey, type Person } from '../model/person.ts';
import { addRecipients } from './audience-recipients.ts';
import { gathering, move, type StoredAudience } from './audience-rows.ts';
import { becomeNotification, lockAudience } from './audiences.ts';
import { countBacklog } from './backlogs.ts';
import { watchForCallback } from './callback-watches.ts';
import { listDelivered } from './delivered-recipients.ts';
import { EXCLUDING_BEGINS, type ExcludingProgress, excludeRecipients } from './exclusions.ts';
import { chooseTags, listCandidates, listOwners } from './person-tags.ts';
import type { Steps } from './steps.ts';

interface Step {
  readonly at: number;
  readonly limit: number;
}

/** So long a retry that moves recipients about is waited for. */
const LOOK_AGAIN_MS = 1_000;

/** One stretch of those whom other notifications are for. */
export function* exclude(audience: StoredAudience, { at, limit }: Step): Steps<void> {
  const { plan, progress } = audience;
  const done: ExcludingProgress = progress === '' ? EXCLUDING_BEGINS : JSON.parse(progress);
  const next = yield* excludeRecipients(audience, done, { ...plan.exclude, limit });
  if (next === null) return yield* move(audience, gathering(plan, at));
  const isAgain = done.from === 'logs' && next.from === 'batches' && next.index === done.index;
  const dueAt = isAgain ? at + LOOK_AGAIN_MS : at;
  yield* move(audience, { state: 'excluding', progress: JSON.stringify(next), at: dueAt });
}

interface Collected {
  /** Null: all people are looked at. */
  readonly tags: readonly string[] | null;
  readonly afterId: string;
}

/** One stretch of the directory, or all who were named; the last is followed by the seal. */
export function* collect(audience: StoredAudience, { at, limit }: Step): Steps<void> {
  const { botId, plan, progress } = audience;
  const { from } = plan;
  if (from === undefined) return;
  if (from.kind === 'named') {
    yield* add(audience, from.recipients, at);
    return yield* conclude(audience, at);
  }
  if (from.kind === 'delivered') return yield* collectDelivered(audience, from, { at, limit });
  const { tags, afterId }: Collected =
    progress === '' ? { tags: yield* chooseTags(botId, from.filter), afterId: '' } : JSON.parse(progress);
  const { people, lastId } = yield* listCandidates({ botId, afterId, limit }, tags);
  yield* add(audience, yield* nameAll(botId, people, { ...plan, ...from }), at);
  if (lastId === null) return yield* conclude(audience, at);
  const next: Collected = { tags, afterId: lastId };
  yield* move(audience, { state: 'collecting', progress: JSON.stringify(next), at });
}

/** One stretch of those who have the notification that is taken back or changed. */
function* collectDelivered(
  audience: StoredAudience,
  from: Extract<AudienceSource, { readonly kind: 'delivered' }>,
  { at, limit }: Step,
): Steps<void> {
  const afterSeq = audience.progress === '' ? -1 : Number(audience.progress);
  const { groups, lastSeq } = yield* listDelivered(audience.botId, from, {
    parameters: audience.plan.parameters,
    afterSeq,
    limit,
  });
  let grown = audience;
  for (const [connectionId, recipients] of groups) {
    yield* add({ ...grown, asked: { ...audience.asked, connectionId } }, recipients, at);
    grown = { ...grown, recipients: grown.recipients + recipients.length };
  }
  if (lastSeq === null) yield* conclude(audience, at);
  else yield* move(audience, { state: 'collecting', progress: String(lastSeq), at });
}

function* add(audience: StoredAudience, recipients: readonly Recipient[], at: number): Steps<void> {
  if (recipients.length === 0) return;
  const { suppressed } = yield* addRecipients(audience, recipients, at);
  if (audience.plan.isHeld) return;
  yield* countBacklog(audience.botId, recipients.length - suppressed);
}

/** So long it can be seen that nobody fitted. */
const EMPTY_MS = 30 * 24 * 3_600_000;

function* conclude(collected: StoredAudience, at: number): Steps<void> {
  const audience = yield* lockAudience(collected);
  if (audience === null) return;
  const { recipients, plan } = audience;
  if (recipients === 0) {
    const until = plan.isHeld ? plan.endsAt : at + EMPTY_MS;
    yield* move(audience, { state: 'empty', progress: String(at), at: until });
    if (!plan.isHeld) yield* watchForCallback(audience.asked);
  } else if (plan.isHeld) yield* move(audience, { state: 'planned', at: plan.endsAt });
  else yield* becomeNotification(audience, { at, isCancelled: false });
}

interface Naming extends Pick<AudiencePlan, 'parameters'> {
  readonly filter: PeopleFilter;
  readonly prefers: 'email' | 'phone';
}

/** Those who fit, each by a name that is theirs: one that was imported with somebody else since names that one. */
function* nameAll(
  botId: string,
  people: readonly Person[],
  { filter, prefers, parameters }: Naming,
): Steps<Recipient[]> {
  const fitting = people.filter((person) => fitsFilter(person, filter));
  const owners = yield* listOwners(
    botId,
    fitting.flatMap((person) => namesOf(person, prefers)),
  );
  return fitting.map((person, seq) => ({
    seq,
    identity: namesOf(person, prefers).find((name) => owners.get(identityKey(name)) === person.id) ?? person.id,
    customMessage: null,
    parameters,
    attempts: 0,
    maybeSent: false,
  }));
}
