/**
 * What it costs to run a script for 1,000 recipients, the thread's start included and without it. Run by hand:
 *   node bench/script.ts
 */
import { systemClock } from '../src/model/clock.ts';
import { derivedId } from '../src/model/ids.ts';
import { openScriptRenderer } from '../src/render/script/renderer.ts';
import { contextOf } from './rendering.ts';

const RECIPIENTS = 1_000;
const ROUNDS = 7;

const SCRIPTS = {
  'a greeting': 'var u = context.session.UserContext; print("Hi " + u.firstName + ", your password ends on Friday.")',
  'an activity as JSON':
    'var u = context.session.UserContext; print(JSON.stringify({ type: "message", attachments: [{ contentType: "application/vnd.microsoft.card.hero", content: { title: "Hi " + u.firstName, text: "Your password ends on Friday." } }] }))',
  lodash: 'print(koreUtil._.capitalize(context.session.UserContext.lastName))',
  moment: 'print(koreUtil.moment().add(3, "days").format("dddd, D MMMM"))',
  'moment with zones':
    'print(koreUtil.moment().tz(context.session.BotUserSession.lastMessage.messagePayload.meta.timezone).format("LT z"))',
  Intl: 'print(koreUtil.intl.NumberFormat("de", { style: "currency", currency: "EUR" }).format(context.session.UserContext.customData.due))',
};

const botId = derivedId('st', 'bench');
const id = derivedId('ds', 'bench');
const recipients = Array.from({ length: RECIPIENTS }, (_, seq) => ({ seq, context: contextOf(botId, seq) }));

for (const [name, source] of Object.entries(SCRIPTS)) {
  const renderer = openScriptRenderer({ clock: systemClock });
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAt = performance.now();
    const renderings = await renderer.render({
      botId,
      notificationId: id,
      source,
      createdAt: 1_772_359_200_789,
      recipients,
    });
    times.push(performance.now() - startedAt);
    const fault = renderings.find((rendering) => !rendering.ok);
    if (fault !== undefined) throw new Error(JSON.stringify(fault));
  }
  await renderer.close();
  const [first = 0, ...others] = times;
  const warm = others.toSorted((a, b) => a - b)[Math.floor(others.length / 2)] ?? 0;
  const perRecipient = Math.round((warm * 1_000) / RECIPIENTS);
  console.log(
    `${name}: first ${first.toFixed(0)} ms, then ${warm.toFixed(0)} ms for ${RECIPIENTS} (${perRecipient} µs each)`,
  );
}
