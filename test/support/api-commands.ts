import assert from 'node:assert/strict';
import fc, { type AsyncCommand } from 'fast-check';
import { logId, personId } from '../../src/model/ids.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { signForm } from '../../src/sandbox/twilio-callbacks.ts';
import { type ApiModel, CALLS_PER_HOUR, type Expected, MAX_LEAPS } from './api-model.ts';
import { type ApiPair, listOf, objectOf, withoutChance } from './api-pair.ts';
import { type ApiAnswer, type ApiCall, botIdOf, koreUrl, nativeUrl, PUBLIC_URL, smsIdOf } from './api-stage.ts';

type Command = AsyncCommand<ApiModel, ApiPair>;
type Both = readonly [ApiAnswer, ApiAnswer];

const JSON_BODY = { 'content-type': 'application/json' };
const PEOPLE = 4;
const everybody = fc.nat(PEOPLE - 1);

const emailOf = (who: number, bot: string): string => `p${who}.${bot}@example.com`;
const numberOf = (who: number): string => `+15550001${who}00`;

/** How often what happens around the calls does, of about a thousand; a restart takes as long as a run. */
const RESTART_WEIGHT = 1;
const OUTAGE_WEIGHT = 12;

/** Anything a caller may do, the commonest most often, and what may happen meanwhile. */
export function apiCommand(restart: (pair: ApiPair) => Promise<void>) {
  const restarts = fc.constant(
    new Step(
      'the servers restart',
      ({ leaps }) => leaps < MAX_LEAPS,
      (model, pair) => startAgain(model, pair, restart),
    ),
  );
  return fc.oneof(
    { weight: 300, arbitrary: sends },
    { weight: 300, arbitrary: looks },
    { weight: 60, arbitrary: badCalls },
    { weight: 80, arbitrary: imports },
    {
      weight: 60,
      arbitrary: everybody.map((who) => new Step(`erase ${who}`, always, (model, pair) => erase(model, pair, who))),
    },
    {
      weight: 60,
      arbitrary: everybody.map((who) => new Step(`show ${who}`, always, (model, pair) => show(model, pair, who))),
    },
    {
      weight: 30,
      arbitrary: fc
        .integer({ min: 1, max: 3 })
        .map((limit) => new Step(`people by ${limit}`, always, (model, pair) => listPeople(model, pair, limit))),
    },
    {
      weight: 40,
      arbitrary: everybody.map(
        (who) => new Step(`${who} says stop`, always, (model, pair) => say(model, pair, who, 'STOP')),
      ),
    },
    {
      weight: 20,
      arbitrary: everybody.map(
        (who) => new Step(`${who} says start`, always, (model, pair) => say(model, pair, who, 'START')),
      ),
    },
    {
      weight: 20,
      arbitrary: everybody.map((who) => new Step(`lift ${who}`, always, (model, pair) => lift(model, pair, who))),
    },
    {
      weight: 30,
      arbitrary: fc
        .integer({ min: 1, max: 3 })
        .map(
          (limit) => new Step(`suppressions by ${limit}`, always, (model, pair) => listSuppressed(model, pair, limit)),
        ),
    },
    { weight: OUTAGE_WEIGHT, arbitrary: fc.constant(new Step('the provider goes down', ({ isUp }) => isUp, goDown)) },
    {
      weight: OUTAGE_WEIGHT,
      arbitrary: fc.constant(
        new Step('the provider comes back', ({ isUp, leaps }) => !isUp && leaps < MAX_LEAPS, comeBack),
      ),
    },
    { weight: 5, arbitrary: fc.constant(new Step('an hour passes', ({ leaps }) => leaps < MAX_LEAPS, passAnHour)) },
    { weight: 5, arbitrary: fc.constant(new Step('a day passes', ({ leaps }) => leaps < MAX_LEAPS, passADay)) },
    { weight: RESTART_WEIGHT, arbitrary: restarts },
  );
}

const always = (): boolean => true;

/** A command with its name, for the counterexample. */
class Step implements Command {
  readonly #name: string;
  readonly #can: (model: ApiModel) => boolean;
  readonly #run: (model: ApiModel, pair: ApiPair) => Promise<void>;

  constructor(name: string, can: (model: ApiModel) => boolean, run: (model: ApiModel, pair: ApiPair) => Promise<void>) {
    this.#name = name;
    this.#can = can;
    this.#run = run;
  }

  check(model: Readonly<ApiModel>): boolean {
    return this.#can(model);
  }

  run(model: ApiModel, pair: ApiPair): Promise<void> {
    return this.#run(model, pair);
  }

  toString(): string {
    return this.#name;
  }
}

// --- sending

interface Sending {
  readonly route: 'notify' | 'notifyV2';
  readonly channel: 'ivr' | 'sms';
  readonly who: readonly number[];
  readonly text: string;
  readonly key: string | null;
  readonly fault: keyof typeof FAULTS | null;
}

/** By the field the refusal must name: what is wrong in the body. */
const FAULTS = {
  channel: { channel: 'pigeon' },
  message: { message: null },
  identities: { identities: [] },
  'identities[0]': { identities: [7] },
  userIdentityType: { userIdentityType: 'guess' },
} as const;

const sends = fc
  .record({
    route: fc.constantFrom('notify', 'notifyV2'),
    channel: fc.constantFrom('ivr', 'ivr', 'sms'),
    who: fc.array(everybody, { minLength: 1, maxLength: 3 }),
    text: fc.constantFrom('a', 'b'),
    key: fc.constantFrom(null, null, 'k1', 'k2'),
    fault: fc.constantFrom<Sending['fault'][]>(
      null,
      null,
      null,
      null,
      'channel',
      'message',
      'identities',
      'identities[0]',
      'userIdentityType',
    ),
  })
  .map((sending) => new Step(`send ${JSON.stringify(sending)}`, always, (model, pair) => send(model, pair, sending)));

async function send(model: ApiModel, pair: ApiPair, sending: Sending): Promise<void> {
  const { route, key, fault } = sending;
  const body = bodyOf(sending, pair.bot);
  const answers = await pair.ask({
    method: 'POST',
    path: koreUrl(pair.bot, route),
    headers: key === null ? JSON_BODY : { ...JSON_BODY, 'idempotency-key': key },
    body,
  });
  if (!countCall(model, answers)) return;
  const known = key === null ? undefined : model.keys.get(`${route} ${key}`);
  if (known !== undefined && known.body !== body) return refused(answers, 422, 'Idempotency-Key');
  if (known !== undefined) return replayed(answers, pair, known.index);
  if (fault !== null) return refused(answers, 412, `: ${fault}`);
  alike(answers, 200);
  pair.keep(answers);
  if (key !== null) model.keys.set(`${route} ${key}`, { body, index: model.notifications.length });
  model.notifications.push(expectationOf(model, sending, pair.bot));
}

function bodyOf({ route, channel, who, text, fault }: Sending, bot: string): string {
  const named = channel === 'ivr' ? { webhookInstanceName: 'Hook' } : {};
  const names = who.map((one) => (channel === 'ivr' ? emailOf(one, bot) : numberOf(one)));
  const identities = names.map((name) =>
    route === 'notify' ? name : { [channel === 'ivr' ? 'email' : 'phoneNumber']: name },
  );
  const body = { channel, ...named, userIdentityType: 'resolve', message: { type: 'text', val: text }, identities };
  return JSON.stringify({ ...body, ...(fault === null ? {} : FAULTS[fault]) });
}

function expectationOf({ isUp, silenced }: ApiModel, { channel, who }: Sending, bot: string): Expected {
  const isDown = channel === 'ivr' && !isUp;
  return {
    channel,
    identities: who.map((one) => (channel === 'ivr' ? emailOf(one, bot) : numberOf(one))),
    states: who.map((one) => {
      if (isDown) return 'waiting';
      return channel === 'sms' && silenced.has(numberOf(one)) ? 'suppressed' : 'delivered';
    }),
    isOver: false,
    hasWaited: isDown,
  };
}

function replayed(answers: Both, pair: ApiPair, index: number): void {
  alike(answers, 200);
  for (const side of [0, 1] as const) {
    assert.equal(answers[side].text, pair.told(side, index).answer);
    assert.equal(answers[side].headers['idempotency-replayed'], 'true');
  }
}

/** False: it was one call too many, and the answers said so. */
function countCall(model: ApiModel, answers: Both): boolean {
  if (model.calls >= CALLS_PER_HOUR) {
    for (const { headers } of answers) assert.ok(Number(headers['retry-after']) > 0);
    refused(answers, 429, 'hourly rate limit');
    return false;
  }
  model.calls += 1;
  return true;
}

/** What is refused wherever it is sent, whether it counts as a call, and how. */
const BAD_CALLS: readonly {
  readonly counts: boolean;
  readonly status: number;
  readonly says: string;
  readonly call: (bot: string) => ApiCall;
}[] = [
  {
    counts: false,
    status: 401,
    says: 'Invalid',
    call: (bot) => ({ ...post(bot), headers: { ...JSON_BODY, auth: 'x' } }),
  },
  { counts: false, status: 401, says: 'Invalid', call: () => post('nobody') },
  {
    counts: true,
    status: 415,
    says: 'Unsupported',
    call: (bot) => ({ ...post(bot), headers: { 'content-type': 'text/plain' } }),
  },
  { counts: true, status: 412, says: 'not JSON', call: (bot) => ({ ...post(bot), body: '{' }) },
  {
    counts: true,
    status: 412,
    says: 'Idempotency-Key',
    call: (bot) => ({ ...post(bot), headers: { ...JSON_BODY, 'idempotency-key': 'a b' } }),
  },
  { counts: false, status: 405, says: 'Not Allowed', call: (bot) => ({ path: koreUrl(bot, 'notify') }) },
  {
    counts: true,
    status: 400,
    says: 'Invalid request ID',
    call: (bot) => ({ path: koreUrl(bot, `notify/status/${personId('x', 'y').replace('u-', 'ds-')}`) }),
  },
];

const post = (bot: string): ApiCall => ({
  method: 'POST',
  path: koreUrl(bot, 'notify'),
  headers: JSON_BODY,
  body: '{}',
});

const badCalls = fc.nat(BAD_CALLS.length - 1).map(
  (which) =>
    new Step(`bad call ${which}`, always, async (model, pair) => {
      const bad = BAD_CALLS[which];
      assert.ok(bad);
      const answers = await pair.ask(bad.call(pair.bot));
      if (!bad.counts || countCall(model, answers)) refused(answers, bad.status, bad.says);
    }),
);

// --- looking

const VIEWS = ['notify', 'notifyV2', 'native', 'recipients'] as const;

const looks = fc.record({ view: fc.constantFrom(...VIEWS), which: fc.nat(1_000), patiently: fc.boolean() }).map(
  (look) =>
    new Step(
      `look ${JSON.stringify(look)}`,
      ({ notifications }) => notifications.length > 0,
      (model, pair) => lookAt(model, pair, look),
    ),
);

interface Look {
  readonly view: (typeof VIEWS)[number];
  readonly which: number;
  /** Whether it waits until deliveries are over. */
  readonly patiently: boolean;
}

async function lookAt(model: ApiModel, pair: ApiPair, { view, which, patiently }: Look): Promise<void> {
  if (patiently) await pair.untilOver(model);
  const index = which % model.notifications.length;
  const expected = model.notifications[index];
  assert.ok(expected);
  if (view === 'recipients') return lookAtRecipients(pair, expected, index);
  const answers = await pair.askAbout((side) => ({ path: pathOf(view, pair, pair.told(side, index).id) }));
  if (view !== 'native' && !countCall(model, answers)) return;
  for (const side of [0, 1] as const) {
    assert.equal(answers[side].status, 200, answers[side].text);
    const document = objectOf(answers[side].text);
    if (view === 'native') checkCounts(document, expected);
    else checkKore(document, expected, pair.told(side, index).id);
  }
  if (isStill(expected)) same(answers, expected);
}

function pathOf(view: Look['view'], { bot }: ApiPair, id: string): string {
  return view === 'native' ? nativeUrl(bot, `notifications/${id}`) : koreUrl(bot, `${view}/status/${id}`);
}

/** Whatever one sees of it now, it sees again. */
const isStill = ({ isOver, states }: Expected): boolean => isOver || states.includes('waiting');

function checkKore(document: JsonObject, expected: Expected, id: string): void {
  const { states, identities, isOver } = expected;
  const logs = listOf(document['statusLogs']);
  const done = states.filter((state) => state !== 'waiting').length;
  assert.equal(document['count'], logs.length);
  assert.ok(logs.length <= done);
  for (const log of logs) {
    const seq = identities.findIndex((_identity, at) => log['_id'] === logId(id, at));
    assert.equal(log['originalId'], identities[seq]);
    assert.equal(log['status'], states[seq] === 'delivered' ? 'SUCCESS' : 'FAILURE');
  }
  if (!isOver) return;
  assert.deepEqual(
    logs.map((log) => log['_id']),
    states.map((_state, seq) => logId(id, seq)),
  );
  const good = states.filter((state) => state === 'delivered').length;
  const word = good === states.length ? 'SUCCESS' : good === 0 ? 'FAILURE' : 'PARTIAL_SUCCESS';
  assert.equal(document['status'], word);
  assert.equal(document['percentageComplete'] ?? 100, 100);
}

function checkCounts(document: JsonObject, { states, isOver }: Expected): void {
  const counts = document['counts'];
  assert.ok(typeof counts === 'object' && counts !== null && !Array.isArray(counts));
  const { total, ...others } = counts;
  const sum = Object.values(others).reduce<number>((all, count) => all + Number(count), 0);
  assert.deepEqual([total, sum], [states.length, states.length]);
  for (const state of ['delivered', 'expired', 'suppressed'] as const) {
    const wanted = states.filter((one) => one === state).length;
    const told = Number(counts[state]);
    assert.ok(isOver ? told === wanted : told <= wanted, `${told} ${state}, not ${wanted}`);
  }
}

/** Page by page. */
async function lookAtRecipients(pair: ApiPair, expected: Expected, index: number): Promise<void> {
  const seen: [unknown[], unknown[]] = [[], []];
  let cursors: readonly [string, string] = ['', ''];
  do {
    const answers = await pair.askAbout((side) => {
      const id = pair.told(side, index).id;
      return { path: nativeUrl(pair.bot, `notifications/${id}/recipients?limit=2${cursors[side]}`) };
    });
    const pages = answers.map(({ text }) => objectOf(text));
    if (isStill(expected)) same(answers, expected);
    for (const side of [0, 1] as const) {
      for (const { seq, state, identity } of listOf(pages[side]?.['recipients'])) {
        assert.deepEqual([state, identity], [expected.states[Number(seq)], expected.identities[Number(seq)]]);
        seen[side].push(seq);
      }
    }
    const [first = '', second = ''] = pages.map(({ nextCursor }) =>
      nextCursor === null ? '' : `&cursor=${nextCursor}`,
    );
    cursors = [first, second];
    // While it is being sent one side may know of more than the other; asked on, the one at its end would begin anew for ever.
  } while (cursors[0] !== '' && cursors[1] !== '');
  const all = expected.states.map((_state, seq) => seq);
  if (expected.isOver) assert.deepEqual(seen, [all, all]);
}

// --- people

const imports = fc
  .record({
    people: fc.array(fc.record({ who: everybody, name: fc.constantFrom(null, 'Ann', 'Zoë 🦊') }), {
      minLength: 1,
      maxLength: 3,
    }),
    hasBad: fc.boolean(),
  })
  .map(
    ({ people, hasBad }) =>
      new Step(`import ${JSON.stringify(people)} ${hasBad}`, always, (model, pair) =>
        importSome(model, pair, people, hasBad),
      ),
  );

async function importSome(
  model: ApiModel,
  pair: ApiPair,
  people: readonly { readonly who: number; readonly name: string | null }[],
  hasBad: boolean,
): Promise<void> {
  const lines = people.map(({ who, name }) => JSON.stringify({ email: emailOf(who, pair.bot), name }));
  const answers = await pair.ask({
    method: 'PUT',
    path: nativeUrl(pair.bot, 'people'),
    headers: { 'content-type': 'application/x-ndjson' },
    body: [...lines, ...(hasBad ? ['{"email":"nobody","tags":7}'] : [])].join('\n'),
  });
  alike(answers, 200);
  const { read, imported, bad } = objectOf(answers[0].text);
  assert.deepEqual([read, imported, bad], [lines.length + Number(hasBad), lines.length, Number(hasBad)]);
  for (const { who, name } of people) model.people.set(emailOf(who, pair.bot), name);
}

const personPath = (pair: ApiPair, who: number): string =>
  nativeUrl(pair.bot, `people/${personId(botIdOf(pair.bot), emailOf(who, pair.bot))}`);

async function erase(model: ApiModel, pair: ApiPair, who: number): Promise<void> {
  const wasThere = model.people.delete(emailOf(who, pair.bot));
  alike(await pair.ask({ method: 'DELETE', path: personPath(pair, who) }), wasThere ? 204 : 404);
}

async function show(model: ApiModel, pair: ApiPair, who: number): Promise<void> {
  const name = model.people.get(emailOf(who, pair.bot));
  const answers = await pair.ask({ path: personPath(pair, who) });
  alike(answers, name === undefined ? 404 : 200);
  if (name !== undefined) assert.equal(objectOf(answers[0].text)['name'] ?? null, name);
}

async function listPeople(model: ApiModel, pair: ApiPair, limit: number): Promise<void> {
  const ids = [...model.people.keys()].map((email) => personId(botIdOf(pair.bot), email)).toSorted();
  assert.deepEqual(await pagesOf(pair, `people?limit=${limit}`, 'people', 'id'), ids);
}

// --- who must not be written to

async function say(model: ApiModel, pair: ApiPair, who: number, word: 'STOP' | 'START'): Promise<void> {
  // What is on its way meets the will of either before or after.
  await pair.untilOver(model);
  const path = `/channels/${smsIdOf(pair.bot)}/events`;
  const { twilio } = pair.stage.sandbox.credentials;
  const fields = { AccountSid: twilio.accountSid, From: numberOf(who), Body: word };
  const { headers, body } = signForm(PUBLIC_URL + path.slice(1), twilio, fields);
  alike(await pair.ask({ method: 'POST', path, headers, body }), 200);
  if (word === 'STOP') model.silenced.add(numberOf(who));
  else model.silenced.delete(numberOf(who));
}

const suppressions = (pair: ApiPair): string => `connections/${smsIdOf(pair.bot)}/suppressions`;
const keyOf = (number: string): string => number.replace('+', '');

async function lift(model: ApiModel, pair: ApiPair, who: number): Promise<void> {
  await pair.untilOver(model);
  const wasThere = model.silenced.delete(numberOf(who));
  const path = nativeUrl(pair.bot, `${suppressions(pair)}/${encodeURIComponent(numberOf(who))}`);
  alike(await pair.ask({ method: 'DELETE', path }), wasThere ? 204 : 404);
}

async function listSuppressed(model: ApiModel, pair: ApiPair, limit: number): Promise<void> {
  const numbers = await pagesOf(pair, `${suppressions(pair)}?limit=${limit}`, 'suppressions', 'identity');
  assert.deepEqual(numbers, [...model.silenced].map(keyOf).toSorted());
}

/** One field of all that is listed, page by page, from both sides alike. */
async function pagesOf(pair: ApiPair, route: string, list: string, field: string): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let cursor = ''; ; ) {
    const answers = await pair.ask({ path: nativeUrl(pair.bot, `${route}${cursor}`) });
    alike(answers, 200);
    const page = objectOf(answers[0].text);
    found.push(...listOf(page[list]).map((entry) => entry[field]));
    if (page['nextCursor'] === null) return found;
    assert.ok(found.length < 100, 'pages without end');
    cursor = `&cursor=${page['nextCursor']}`;
  }
}

// --- the world

async function goDown(model: ApiModel, pair: ApiPair): Promise<void> {
  await pair.untilOver(model);
  const recipient = `*.${pair.bot}@example.com`;
  pair.stage.sandbox.faults.add({ provider: 'hooks', recipient, fault: { kind: 'status', status: 503 } });
  model.isUp = false;
}

/** However long it was down, those who waited are served when their time has come. */
async function comeBack(model: ApiModel, pair: ApiPair): Promise<void> {
  letUp(pair);
  model.isUp = true;
  await pass(model, pair, 'SIGUSR2');
  settleWaiting(model, 'delivered');
  await pair.untilOver(model);
}

export function letUp({ stage, bot }: ApiPair): void {
  const { faults } = stage.sandbox;
  for (const { id, recipient } of faults.list()) if (recipient === `*.${bot}@example.com`) faults.remove(id);
}

const passAnHour = (model: ApiModel, pair: ApiPair): Promise<void> => pass(model, pair, 'SIGUSR2');

/** Nobody wants what is a day old. */
async function passADay(model: ApiModel, pair: ApiPair): Promise<void> {
  await pass(model, pair, 'SIGHUP');
  settleWaiting(model, 'expired');
  await pair.untilOver(model);
}

async function pass(model: ApiModel, pair: ApiPair, leap: 'SIGUSR2' | 'SIGHUP'): Promise<void> {
  await pair.untilOver(model);
  await pair.leap(leap);
  model.calls = 0;
  model.leaps += 1;
}

function settleWaiting({ notifications }: ApiModel, state: 'delivered' | 'expired'): void {
  for (const { states } of notifications) {
    for (const [seq, was] of states.entries()) if (was === 'waiting') states[seq] = state;
  }
}

/** It takes an hour: PostgreSQL keeps how often somebody called, SQLite's only process forgets it. */
async function startAgain(model: ApiModel, pair: ApiPair, restart: (pair: ApiPair) => Promise<void>): Promise<void> {
  await restart(pair);
  await pass(model, pair, 'SIGUSR2');
}

// --- answers

/** Both have this status, and say the same. */
function alike(answers: Both, status: number): void {
  for (const answer of answers) assert.equal(answer.status, status, answer.text);
  assert.equal(withoutChance(answers[1].text), withoutChance(answers[0].text));
}

function refused(answers: Both, status: number, says: string): void {
  alike(answers, status);
  assert.ok(answers[0].text.includes(says), `${answers[0].text} does not say ${says}`);
}

/** How often somebody was tried who had to wait, and what was said about them, is a matter of chance. */
function same(answers: Both, { hasWaited }: Expected): void {
  const [first, second] = answers.map(({ text }) => {
    // Who somebody is known as is found out when they are written to.
    const known = withoutChance(text).replace(/"personId":("u-[^"]*"|null)/g, '"personId"');
    const tried = /"(attempts|maybeDoubled|detail)":("[^"]*"|\w+)|(could be delivered): [^"]*/g;
    return hasWaited ? known.replace(tried, '$1$3') : known;
  });
  assert.equal(second, first);
}
