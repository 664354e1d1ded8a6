import { systemClock } from '../src/model/clock.ts';
import { derivedId, personId } from '../src/model/ids.ts';
import { fillMessage } from '../src/render/fill.ts';
import { writeContext } from '../src/render/script/context.ts';
import { openScriptRenderer } from '../src/render/script/renderer.ts';
import type { Figure, Suite, SuiteOptions } from './figures.ts';

/** S9: what writing one recipient's message takes: a text with parameters, and a script. */
export const rendering: Suite = { ids: ['S9'], run };

const RECIPIENTS = 1_000;
const FILLS = 200_000;
/** The engine of a thread that has just started is compiled while it works. */
const WARM_ROUNDS = 5;
const SCRIPT = 'var u = context.session.UserContext; print("Hi " + u.firstName + ", your password ends on Friday.")';

async function run({ rounds, size }: SuiteOptions): Promise<Figure[]> {
  const fills = size === 'quick' ? FILLS / 10 : FILLS;
  const texts = Array.from({ length: rounds }, () => fillTexts(fills));
  const scripts = await runScripts(rounds);
  return [
    { id: 'S9', what: 'text with two parameters, a recipient', unit: 'µs', values: texts, bar: { most: 5 } },
    { id: 'S9', what: 'script over 1,000, a recipient', unit: 'µs', values: scripts, bar: { most: 60 } },
  ];
}

/** µs each. */
function fillTexts(fills: number): number {
  const message = { type: 'text', text: 'Hi {name}, your leave of {days} days is approved.' } as const;
  const startedAt = performance.now();
  let length = 0;
  for (let index = 0; index < fills; index += 1) {
    const filled = fillMessage(message, null, { name: `Person ${index}`, days: String(index % 30) });
    length += filled.type === 'text' ? filled.text.length : 0;
  }
  if (length < fills) throw new Error('nothing was filled');
  return ((performance.now() - startedAt) * 1_000) / fills;
}

/** µs each, with a thread that has run the script before. */
async function runScripts(rounds: number): Promise<number[]> {
  const botId = derivedId('st', 'bench');
  const request = {
    botId,
    notificationId: derivedId('ds', 'bench'),
    source: SCRIPT,
    createdAt: 1_772_359_200_789,
    recipients: Array.from({ length: RECIPIENTS }, (_, seq) => ({ seq, context: contextOf(botId, seq) })),
  };
  const renderer = openScriptRenderer({ clock: systemClock });
  const times: number[] = [];
  for (let round = 0; round < WARM_ROUNDS + rounds; round += 1) {
    const startedAt = performance.now();
    const renderings = await renderer.render(request);
    times.push(((performance.now() - startedAt) * 1_000) / RECIPIENTS);
    const fault = renderings.find((rendered) => !rendered.ok);
    if (fault !== undefined) throw new Error(JSON.stringify(fault));
  }
  await renderer.close();
  return times.slice(WARM_ROUNDS);
}

/** What a script is told of one recipient. */
export function contextOf(botId: string, seq: number): string {
  const email = `person-${seq}@example.com`;
  const person = {
    botId,
    id: personId(botId, email),
    email,
    upn: null,
    phone: null,
    identities: [],
    name: `Person Number${seq}`,
    locale: 'en',
    timeZone: 'Asia/Kolkata',
    tags: ['employees'],
    attributes: { dept: 'Research', due: seq },
    addresses: [],
  };
  const notification = { botId, id: derivedId('ds', 'bench'), channelSpelling: 'msteams' };
  const recipient = { identity: email, parameters: null };
  return writeContext({ botName: 'HR assistant', notification, recipient, personId: person.id, person });
}
