import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MAX_PERSON_BYTES } from '../../src/directory/parse-person.ts';
import { personId } from '../../src/model/ids.ts';
import { isJsonObject, type Json, type JsonObject, parseJsonObject } from '../../src/model/json.ts';
import {
  type ApiAnswer,
  type ApiCall,
  type ApiStage,
  botIdOf,
  koreUrl,
  nativeUrl,
  openApiStage,
  smsIdOf,
} from '../support/api-stage.ts';
import { delay } from '../support/delay.ts';
import { hostileTexts, isStorable } from '../support/hostile-texts.ts';
import { startPostgres } from '../support/postgres.ts';
import type { Fault, FaultParts, Finding } from './fault.ts';

const HEEDLESS = fileURLToPath(new URL('../support/heedless-server.ts', import.meta.url));

export const hostileStrings: Fault = {
  id: 'F42',
  title: 'hostile texts in every place, both stores',
  run: (parts) => writeHostile({ share: 1, unseen: 300 }, parts),
  control: (parts) => writeHostile({ share: 0.1, unseen: 0, script: HEEDLESS }, parts),
};

interface HostileOptions {
  /** Of the classics. */
  readonly share: number;
  /** Texts that are drawn, beside the classics. */
  readonly unseen: number;
  readonly script?: string;
  /** A PostgreSQL database; absent: one of its own. */
  readonly database?: string;
}

/**
 * Every text goes into every place that takes one, on both stores at once. It comes back unit by unit as it was
 * written, or it was refused by an answer that names the place; no server fails over one, and both answer alike.
 */
export async function writeHostile(options: HostileOptions, { random }: FaultParts): Promise<Finding> {
  const texts = hostileTexts(random, options);
  const stage = await openApiStage({ bots: ['ann', 'bob'] });
  const postgres = options.database === undefined ? await startPostgres() : null;
  try {
    const databases = [
      `sqlite:${join(stage.folder, 'beckon.db')}`,
      options.database ?? (await postgres?.createDatabase()),
    ];
    const trials = await Promise.all(
      databases.map(async (database = '') => {
        const server = await stage.start(
          ['--database', database, '--max-refused-tokens', '0', '--log-level', 'error'],
          options.script,
        );
        const trial = new Trial(stage, server.url);
        await trial.write(texts);
        return trial;
      }),
    );
    const [sqlite, other] = trials.map((trial) => trial.answers);
    const different = [...(sqlite ?? [])]
      .filter(([place, answer]) => other?.get(place) !== answer)
      .map(([place]) => place);
    const failed = trials.flatMap((trial) => trial.failed);
    const bent = trials.flatMap((trial) => trial.bent);
    const unnamed = trials.flatMap((trial) => trial.unnamed);
    const calls = trials.reduce((sum, trial) => sum + trial.answers.size, 0);
    const told = [...failed, ...bent, ...unnamed, ...different].slice(0, 5).map((place) => JSON.stringify(place));
    return {
      figure:
        `${texts.length} texts, ${calls} answers: ${failed.length} servers' failures, ${bent.length} not as written, ${unnamed.length} refused without a name, ${different.length} differ between the stores ${told.join(' ').slice(0, 600)}`.trim(),
      bar: 'no failures, all as written or refused by name, no differences',
      ok: calls > 0 && failed.length + bent.length + unnamed.length + different.length === 0,
    };
  } finally {
    await stage.close();
    await postgres?.stop();
  }
}

const JSON_BODY = { 'content-type': 'application/json' };
const AT_ONCE = 16;
/** For one delivery. */
const PATIENCE_MS = 15_000;
/** So that a report can name every fault of theirs. */
const PEOPLE_AT_ONCE = 50;

/** One server, and what it made of the texts. Faults are told as the place and the beginning of the text. */
class Trial {
  /** By place and text: the answer without what differs by nature. */
  readonly answers = new Map<string, string>();
  readonly failed: string[] = [];
  readonly bent: string[] = [];
  readonly unnamed: string[] = [];
  readonly #stage: ApiStage;
  readonly #url: string;
  /** What can be looked at when deliveries are over. */
  readonly #later: (() => Promise<void>)[] = [];
  #number = 0;
  #isStuck = false;

  constructor(stage: ApiStage, url: string) {
    this.#stage = stage;
    this.#url = url;
  }

  async write(texts: readonly string[]): Promise<void> {
    for (const some of slicesOf(texts, PEOPLE_AT_ONCE)) await this.#importPeople(some);
    for (const some of slicesOf(texts, AT_ONCE)) await Promise.all(some.map((text) => this.#writeOne(text)));
    for (const check of this.#later) await check();
    await this.#compareDirectories();
  }

  async #writeOne(text: string): Promise<void> {
    await this.#sendV1(text);
    await this.#sendV2(text);
    await this.#refuseByName(text);
    await this.#putInPaths(text);
    await this.#hearFromProvider(text);
    await this.#putInToken(text);
  }

  async #sendV1(text: string): Promise<void> {
    const valid = { channel: 'ivr', webhookInstanceName: 'Hook', userIdentityType: 'resolve' };
    const message = { type: 'text', val: text };
    const asMessage = { ...valid, message, identities: ['reader@example.com'] };
    const sent = await this.#send('message.val', text, 'notify', asMessage, 'message.val', text.trim() !== '');
    if (sent !== null) this.#checkReceived('message.val', text, sent, text);
    const named = { ...valid, message: { type: 'text', val: 'Hello' }, identities: [text] };
    const asked = await this.#send('identities', text, 'notify', named, 'identities[0]', true);
    if (asked !== null) this.#later.push(() => this.#checkIdentity(text, asked));
  }

  async #checkIdentity(text: string, id: string): Promise<void> {
    const log = firstOf((await this.#untilOver(id))['statusLogs']);
    this.#check('originalId', text, log['originalId'], text);
    const listed = await this.#note('recipients', text, { path: nativeUrl('ann', `notifications/${id}/recipients`) });
    this.#check('identity', text, firstOf(objectOf(listed)['recipients'])['identity'], text);
  }

  async #sendV2(text: string): Promise<void> {
    const valid = { channel: 'ivr', webhookInstanceName: 'Hook', message: { type: 'text', value: 'Hi {name}!' } };
    const to = (fields: object) => ({ ...valid, identities: [{ email: 'reader@example.com', ...fields }] });
    const custom = to({ customMessage: text });
    const own = await this.#send('customMessage', text, 'notifyV2', custom, 'identities[0].customMessage', true);
    if (own !== null)
      this.#check('customMessage', text, await this.#receivedText(own), text === '' ? 'Hi {name}!' : text);
    const filled = to({ parameters: { name: text } });
    const fits = text.length <= 200;
    const by = await this.#send('parameters', text, 'notifyV2', filled, 'identities[0].parameters.name', fits);
    if (by !== null) this.#checkReceived('parameters', text, by, `Hi ${text}!`);
    await this.#note('parameter key', text, {
      ...postOf('notifyV2'),
      body: JSON.stringify(to({ parameters: { [text]: 'x' } })),
    });
  }

  /** Places that take no such text at all. */
  async #refuseByName(text: string): Promise<void> {
    const valid = {
      channel: 'ivr',
      webhookInstanceName: 'Hook',
      userIdentityType: 'resolve',
      message: { type: 'text', val: 'Hello' },
      identities: ['reader@example.com'],
    };
    for (const key of ['channel', 'webhookInstanceName', 'userIdentityType']) {
      await this.#send(key, text, 'notify', { ...valid, [key]: text }, key, false);
    }
    await this.#send('type', text, 'notify', { ...valid, message: { type: text, val: 'x' } }, 'message.type', false);
    if (!Object.hasOwn(valid, text)) await this.#send('key', text, 'notifyV2', { ...valid, [text]: 1 }, '', false);
  }

  async #importPeople(texts: readonly string[]): Promise<void> {
    const people = texts.flatMap((text) => peopleOf(text, this.#nextNumber()));
    const headers = { 'content-type': 'application/x-ndjson' };
    const body = people.map(({ email, person }) => JSON.stringify({ email, ...person })).join('\n');
    const put = { method: 'PUT', path: nativeUrl('ann', 'people'), headers, body };
    const report = objectOf(await this.#note('people', texts.join(), put));
    const errors = Array.isArray(report['errors']) ? report['errors'].filter(isJsonObject) : [];
    for (const [index, one] of people.entries()) {
      const faults = errors.filter(({ line }) => line === index + 1);
      if (faults.length > 0) this.#checkRefusal(one, faults);
      else await this.#checkPerson(one);
    }
  }

  #checkRefusal({ field, text, person }: HostilePerson, faults: readonly JsonObject[]): void {
    const isTooLong = JSON.stringify(person).length > MAX_PERSON_BYTES;
    const isNamed = faults.every((fault) => String(fault['field']).startsWith(field));
    if (!isNamed && !isTooLong) this.unnamed.push(tell(field, text));
  }

  async #checkPerson({ email, field, text, person }: HostilePerson): Promise<void> {
    if (!isStorable(text)) this.bent.push(tell(field, text));
    const path = nativeUrl('ann', `people/${personId(botIdOf('ann'), email)}`);
    const kept = objectOf(await this.#note(`person ${field}`, text, { path }));
    this.#check(`person ${field}`, text, keptOf(field, kept), expectedOf(field, person));
  }

  async #putInPaths(text: string): Promise<void> {
    const written = encodeBytes(text);
    const connection = `connections/${smsIdOf('ann')}`;
    const paths = [
      koreUrl('ann', `notify/status/${written}`),
      koreUrl('ann', `notifyV2/status/${written}`),
      `/api/public/bot/${written}/notify/status/ds-1`,
      nativeUrl('ann', `notifications/${written}`),
      nativeUrl('ann', `people?cursor=${written}`),
      nativeUrl('ann', `people?limit=${written}`),
      nativeUrl('ann', `people/${written}`),
      nativeUrl('ann', `connections/${written}/suppressions`),
      nativeUrl('ann', `${connection}/suppressions?cursor=${written}`),
      nativeUrl('ann', `${connection}/suppressions?${written}=1`),
      `/channels/${written}/events`,
    ];
    if (text === '') return;
    for (const path of paths) if (path.length < 12_000) await this.#note(path, '', { path });
    const lift = nativeUrl('ann', `${connection}/suppressions/${written}`);
    if (lift.length < 12_000) await this.#note(lift, '', { method: 'DELETE', path: lift });
  }

  /** What a provider answers ends up in a log. */
  async #hearFromProvider(text: string): Promise<void> {
    const to = `+1555${1_000_000 + this.#nextNumber()}`;
    const fault = { kind: 'status', status: 400, body: { code: 21_614, message: text } } as const;
    this.#stage.sandbox.faults.add({ provider: 'twilio', route: 'send', recipient: to, fault });
    const body = { channel: 'sms', message: { type: 'text', value: 'Hello' }, identities: [{ phoneNumber: to }] };
    const sent = await this.#send('provider', text, 'notifyV2', body, '', null);
    if (sent !== null) this.#later.push(async () => void (await this.#untilOver(sent)));
  }

  async #putInToken(text: string): Promise<void> {
    const path = nativeUrl('ann', `connections/${smsIdOf('ann')}/suppressions`);
    const exp = Math.floor(Date.now() / 1_000) + 600;
    const once = await this.#stage.sign({ jti: text, exp }, 'once');
    await this.#note('jti', text, { path, headers: { auth: once } });
    await this.#note('jti again', text, { path, headers: { auth: once } });
    const signed = await this.#stage.sign({ sub: text, kore_sub: text });
    await this.#note('sub', text, { path, headers: { auth: signed } });
    if (!/^[\x20-\x7e]{0,2000}$/.test(text)) return;
    const headers = { ...JSON_BODY, 'idempotency-key': text };
    await this.#note('Idempotency-Key', text, { ...postOf('notify'), headers, body: '{}' });
  }

  /** Both formats hold everything: what is exported from one bot and imported into another is exported again the same. */
  async #compareDirectories(): Promise<void> {
    for (const type of ['text/csv', 'application/x-ndjson']) {
      const [from, to] = ['ann', 'bob'].map((bot) => nativeUrl(bot, 'people'));
      const accept = { accept: type };
      const exported = await this.#note(`export ${type}`, '', { path: from ?? '', headers: accept });
      const headers = { 'content-type': type };
      const put = { method: 'PUT', path: to ?? '', headers, body: exported.text };
      const report = objectOf(await this.#note(`import ${type}`, '', put));
      if (report['bad'] !== 0) this.bent.push(`import ${type} ${JSON.stringify(report['errors']).slice(0, 200)}`);
      const again = await this.#note(`export again ${type}`, '', { path: to ?? '', headers: accept });
      if (again.text !== exported.text) this.bent.push(`export ${type}`);
    }
  }

  /** `taken`: whether a text that can be stored must be accepted; null: either will do. Answers the id if it was. */
  async #send(place: string, text: string, route: string, body: object, name: string, taken: boolean | null) {
    const answer = await this.#note(place, text, { ...postOf(route), body: JSON.stringify(body) });
    const id = /"_id":"(ds-[0-9a-f-]+)"/.exec(answer.text)?.[1] ?? null;
    if (id === null && taken !== null && !answer.text.includes(`: ${name}`)) this.unnamed.push(tell(place, text));
    const shouldPass = taken === true && isStorable(text);
    if (taken !== null && (id !== null) !== shouldPass) this.bent.push(tell(place, text));
    return id;
  }

  async #note(place: string, text: string, call: ApiCall): Promise<ApiAnswer> {
    const answer = await this.#stage.call(this.#url, call);
    if (answer.status >= 500) this.failed.push(tell(place, text));
    this.answers.set(`${place} ${text}`, `${answer.status} ${withoutIds(answer.text)}`);
    return answer;
  }

  #check(place: string, text: string, kept: unknown, expected: unknown): void {
    if (JSON.stringify(kept) !== JSON.stringify(expected)) this.bent.push(tell(`${place} kept`, text));
  }

  /** Whoever waits for one in vain does not wait for the next: it is as it is found. */
  async #untilOver(id: string): Promise<JsonObject> {
    for (const startedAt = performance.now(); ; await delay(5)) {
      const status = objectOf(await this.#stage.call(this.#url, { path: koreUrl('ann', `notify/status/${id}`) }));
      if (status['status'] !== 'IN_PROGRESS') return status;
      if (!this.#isStuck && performance.now() - startedAt < PATIENCE_MS) continue;
      this.#isStuck = true;
      this.failed.push(`${id} did not end`);
      return status;
    }
  }

  #nextNumber(): number {
    this.#number += 1;
    return this.#number;
  }

  #checkReceived(place: string, text: string, id: string, expected: string): void {
    this.#later.push(async () => this.#check(place, text, await this.#receivedText(id), expected));
  }

  async #receivedText(id: string): Promise<string | null> {
    const log = firstOf((await this.#untilOver(id))['statusLogs']);
    const sends = this.#stage.sandbox.ledger.entries({ provider: 'hooks', recipient: 'reader@example.com' });
    const body = sends.find(({ key }) => key === log['messagestoreId'])?.body;
    const sent = parseJsonObject(body ?? '')?.['data'];
    return Array.isArray(sent) && isJsonObject(sent[0]) ? String(sent[0]['val']) : null;
  }
}

interface HostilePerson {
  readonly email: string;
  /** Where the text is. */
  readonly field: string;
  readonly text: string;
  readonly person: JsonObject;
}

/** One for every place that a person has for a text. */
function peopleOf(text: string, number: number): HostilePerson[] {
  const address = { channel: 'ivr', name: 'Hook', channelId: text, reference: { [`k${number}`]: text } };
  const people: readonly JsonObject[] = [
    { name: text },
    { tags: [text] },
    { attributes: { note: text } },
    { attributes: { [text]: 'note' } },
    { identities: [`#${number} ${text}`] },
    { addresses: [address] },
    { locale: text },
    { timeZone: text },
    { phone: text },
    { upn: `${text}#${number}` },
  ];
  return people.map((person, index) => {
    const [field = ''] = Object.keys(person);
    return { email: `${field}.${index}.${number}@example.com`, field, text, person };
  });
}

function slicesOf(texts: readonly string[], size: number): string[][] {
  return Array.from({ length: Math.ceil(texts.length / size) }, (_, index) =>
    texts.slice(index * size, (index + 1) * size),
  );
}

const postOf = (route: string): ApiCall => ({ method: 'POST', path: koreUrl('ann', route), headers: JSON_BODY });
const tell = (place: string, text: string): string => `${place}: ${JSON.stringify(text).slice(0, 60)}`;

function objectOf(answer: Pick<ApiAnswer, 'text'>): JsonObject {
  const value: Json = JSON.parse(answer.text);
  return isJsonObject(value) ? value : {};
}

function firstOf(list: Json | undefined): JsonObject {
  const first = Array.isArray(list) ? list[0] : null;
  return isJsonObject(first) ? first : {};
}

/** Percent-encoded, also where it is no text that UTF-8 can write. */
const encodeBytes = (text: string): string =>
  text.isWellFormed()
    ? encodeURIComponent(text)
    : encodeURIComponent(text.toWellFormed()).replaceAll('%EF%BF%BD', '%ED%A0%80');

/** The space around tags, identities, phones and the like is taken away. */
function expectedOf(field: string, given: JsonObject): unknown {
  if (field === 'addresses') return given['addresses'];
  const value = given[field];
  if (typeof value === 'string') return field === 'name' ? value || undefined : value.trim() || undefined;
  if (!Array.isArray(value)) return value;
  const texts = value.map((item) => String(item).trim()).filter((item) => item !== '');
  return texts.length === 0 ? undefined : texts;
}

function keptOf(field: string, person: JsonObject): unknown {
  const kept = person[field];
  if (field !== 'addresses' || !Array.isArray(kept)) return kept;
  const asGiven = ({ channel, name, channelId, reference }: JsonObject) => ({ channel, name, channelId, reference });
  return kept.length === 0 ? undefined : kept.filter(isJsonObject).map(asGiven);
}

const withoutIds = (text: string): string =>
  text
    .replace(/\b(ds|nl|ms|u|SM)-?[0-9a-f-]{32,36}\b/g, '$1')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z|hook-\d+|"tookMs":\d+,/g, '');
