import { type Command, Option } from 'commander';
import type { Job, NotifyBody, NotifyV2Body, NotifyV2Identity } from '../client/kore-documents.ts';
import type { Notification } from '../client/notification-documents.ts';
import type { OpenBody } from '../client/send-documents.ts';
import { FORMATS, type Format } from '../directory/read-people.ts';
import { type AudienceFlags, addAudience, readExcludeFlags, readFilterFlags } from './audience-flags.ts';
import { CommandFailure, EXIT } from './exit.ts';
import { addParameter } from './parameters.ts';
import { openProgress } from './progress.ts';
import { readInput, readRecipients } from './recipients.ts';
import { addRules, type RuleFlags, readRuleFlags } from './rule-flags.ts';
import { sendAudience } from './send-audience.ts';
import { composeWords, sendNative } from './send-native.ts';
import { summarize } from './summary.ts';
import { addTarget, openTarget, type Target, type TargetOptions } from './target.ts';
import { addTiming, hasTiming, type TimingFlags } from './timing-flags.ts';
import { exitCodeOf, watchUntilDone } from './watch.ts';
import { exitCodeFor, summarizeNotification, watchNotification } from './watch-notification.ts';

interface SendOptions extends TargetOptions, TimingFlags, AudienceFlags, RuleFlags {
  readonly channel?: string;
  readonly instance?: string;
  readonly then?: readonly string[];
  readonly to?: string;
  readonly toFile?: string;
  readonly audience?: string;
  readonly format?: Format;
  readonly deduplicate?: boolean;
  readonly resume?: string;
  readonly plan?: string;
  readonly text?: string;
  readonly template?: string;
  readonly param?: Readonly<Record<string, string>>;
  readonly json?: string;
  readonly version: '1' | '2';
  readonly idempotencyKey?: string;
  readonly watch?: boolean;
  readonly jsonOutput?: boolean;
}

export function define(command: Command): void {
  addRules(addAudience(addTiming(addTarget(command))))
    .description('Sends a notification.')
    .option('--channel <name>', 'msteams, slack, ivr, …')
    .option('--instance <name>', 'which connection of the channel, by its name (v2)')
    .option('--then <channels...>', 'for whom the one before does not reach: sms, or ivr:Webhook for a connection')
    .option('--to <list>', 'recipients, separated by commas')
    .option('--to-file <file>', 'recipients, one a line; - is standard input')
    .option(
      '--audience <file>',
      'recipients, however many: NDJSON or CSV, with a column for each parameter; - is standard input',
    )
    .addOption(new Option('--format <format>', 'of the audience; default: by the ending of the file').choices(FORMATS))
    .option('--deduplicate', 'of the audience: whoever is named again is not sent it again')
    .option('--resume <id>', 'go on with the upload of an audience that was interrupted')
    .option('--plan <id>', 'what a preflight found, exactly; goes with nothing that says whom or what')
    .option('--text <words>', 'what to say')
    .option('--template <name>', 'what to say, by the name of a template')
    .addOption(
      new Option('--param <name=value>', 'a parameter of the template; may be repeated').argParser(addParameter),
    )
    .option('--json <file>', 'the whole request body instead of the six flags above; - is standard input')
    .addOption(
      new Option('--version <number>', 'the interface to use: 1 notify, 2 notifyV2').choices(['1', '2']).default('1'),
    )
    .option('--idempotency-key <key>', 'sending again with the same key sends nothing twice (default: a fresh one)')
    .option('--watch', 'stay until it is delivered')
    .option('--json-output', 'print the documents of the API instead of sentences')
    .addHelpText(
      'after',
      `
With --watch the exit code is that of \`beckon status\`: 0 everybody was reached, 1 not everybody.

Example:
  beckon send --app cs-1e845b00-81ad-5757-a1e7-d0f6fea227e9 --channel msteams --to ann@example.com --text "Lunch is ready" --watch
  beckon send … --text "The lift is repaired" --filter-tag berlin potsdam --exclude-tag on-leave --canary 500 --watch
  beckon send … --text "Timesheets are due" --at 2026-03-02T08:00+01:00 --window "mon-fri 08:00-18:00" --expires 2d`,
    )
    .action(async (options: SendOptions) => {
      const target = await openTarget(command, options);
      if (options.plan !== undefined) return launch(target, options, options.plan);
      if (options.audience !== undefined) return sendToAudience(target, options, options.audience);
      if (isNative(options)) return sendOver(target, options);
      const job = await send(target, options);
      if (options.watch) await watchAndReport(target, job, options);
      else report(job, options);
    });
}

async function send({ client, botId }: Target, options: SendOptions): Promise<Job> {
  const key = options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey };
  // A body from a file goes to the server as it is: the server is the judge, and its sentence names the key.
  if (options.version === '1') {
    const body = options.json === undefined ? await composeV1(options) : ((await readBody(options.json)) as NotifyBody);
    return client.notify({ botId, body, ...key });
  }
  const body = options.json === undefined ? await composeV2(options) : ((await readBody(options.json)) as NotifyV2Body);
  return client.notifyV2({ botId, body, ...key });
}

async function composeV1(options: SendOptions): Promise<NotifyBody> {
  const { channel, text } = requireWords(options);
  const identities = await readRecipients(options);
  return { channel, userIdentityType: 'resolve', message: { type: 'text', val: text }, identities };
}

async function composeV2(options: SendOptions): Promise<NotifyV2Body> {
  const { channel, text } = requireWords(options);
  const { findChannel } = await import('../channels/channels.ts');
  const key = findChannel(channel)?.identityKey ?? 'email';
  const recipients = await readRecipients(options);
  const identities = recipients.map((identity): NotifyV2Identity => ({ [key]: identity }));
  const instance = options.instance === undefined ? {} : { webhookInstanceName: options.instance };
  return { channel, ...instance, message: { type: 'text', value: text }, identities };
}

function requireWords({ channel, text }: SendOptions): { readonly channel: string; readonly text: string } {
  if (channel === undefined) throw new CommandFailure('Through which channel? Give --channel, or --json.', EXIT.usage);
  if (text === undefined) {
    throw new CommandFailure('What shall it say? Give --text, --template, or --json.', EXIT.usage);
  }
  return { channel, text };
}

async function readBody(path: string): Promise<unknown> {
  const text = await readInput(path, '--json');
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandFailure(`--json: what ${path} holds is not JSON.`, EXIT.usage);
  }
}

function report(job: Job, { jsonOutput }: SendOptions): void {
  if (jsonOutput) console.log(JSON.stringify(job, null, 2));
  else {
    console.log(accepted(job.store.identitiesCount, job._id));
    console.log(`See what becomes of them: beckon status ${job._id} --bot ${job.streamId} --watch`);
  }
}

const accepted = (total: number, id: string): string =>
  `Accepted ${total} ${total === 1 ? 'recipient' : 'recipients'} as ${id}.`;

async function watchAndReport({ client, botId }: Target, job: Job, { jsonOutput }: SendOptions): Promise<void> {
  const progress = openProgress('Delivering');
  const done = await watchUntilDone({ client, botId, requestId: job._id, progress });
  console.log(jsonOutput ? JSON.stringify(done, null, 2) : summarize(done));
  process.exitCode = exitCodeOf(done);
}

function requireSaying(options: SendOptions): { readonly channel: string; readonly text: string | null } {
  if (options.template === undefined) return requireWords(options);
  if (options.text === undefined) return { ...requireWords({ ...options, text: '' }), text: null };
  throw new CommandFailure('--text and --template both say something: give one of them.', EXIT.usage);
}

/** What only the native API can be asked. */
const isNative = (options: SendOptions): boolean =>
  options.then !== undefined ||
  options.template !== undefined ||
  hasTiming(options) ||
  readFilterFlags(options) !== null ||
  Object.keys({ ...readExcludeFlags(options), ...readRuleFlags(options) }).length > 0;

async function launch(target: Target, options: SendOptions, planId: string): Promise<void> {
  const { channel, to, toFile, audience, text, template, json } = options;
  if ([channel, to, toFile, audience, text, template, json].some((flag) => flag !== undefined) || isNative(options)) {
    throw new CommandFailure(
      '--plan is sent as it was found: leave out whatever says whom, what and when.',
      EXIT.usage,
    );
  }
  const sent = await target.client.notifications.launch({ botId: target.botId, body: { planId } });
  await follow(target, sent, options);
}

/** A template, several channels, and when it is sent, are the native API's. */
async function sendOver(target: Target, options: SendOptions): Promise<void> {
  if (options.json !== undefined) {
    throw new CommandFailure(
      '--json says it all to the older interface: it goes without --template, --then, and flags that say when, whom to find or leave out, and by which rules.',
      EXIT.usage,
    );
  }
  const { then = [], ...given } = options;
  await follow(target, await sendNative(target, { ...given, ...requireSaying(options), then }), options);
}

async function sendToAudience(target: Target, options: SendOptions, file: string): Promise<void> {
  const { resume, format, deduplicate, idempotencyKey } = options;
  if (options.to !== undefined || options.toFile !== undefined) {
    throw new CommandFailure('--audience goes without --to and --to-file.', EXIT.usage);
  }
  if (readFilterFlags(options) !== null) throw new CommandFailure('--audience goes without a filter.', EXIT.usage);
  const said = resume === undefined ? await composeAudience(options) : null;
  const sent = await sendAudience(target, {
    file,
    body: said === null ? null : { ...said, ...(deduplicate && { deduplicate }) },
    hint: (id) => `beckon send --audience ${file} --resume ${id}`,
    ...(format && { format }),
    ...(resume !== undefined && { resume }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
  await follow(target, sent, options);
}

async function composeAudience(options: SendOptions): Promise<Omit<OpenBody, 'audience'>> {
  if (options.json !== undefined) return (await readBody(options.json)) as Omit<OpenBody, 'audience'>;
  const { then = [], ...given } = options;
  return composeWords({ ...given, ...requireSaying(options), then });
}

async function follow(target: Target, sent: Notification, { watch, jsonOutput }: SendOptions): Promise<void> {
  const { id, counts } = sent;
  if (watch) {
    const done = await watchNotification(target, id, openProgress('Delivering'));
    console.log(jsonOutput ? JSON.stringify(done, null, 2) : summarizeNotification(done));
    process.exitCode = exitCodeFor(done);
  } else if (jsonOutput) console.log(JSON.stringify(sent, null, 2));
  else {
    const isLookedUp = sent.state === 'collecting';
    console.log(isLookedUp ? `Accepted as ${id}; it is being looked up to whom.` : accepted(counts.total, id));
    if (sent.sendAt !== null) console.log(`Nothing is sent before ${sent.sendAt}; stop it with: beckon cancel ${id}`);
    console.log(`See what becomes of them: beckon recipients export ${id} --bot ${target.botId}`);
  }
}
