import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import type { ChannelTools } from '../../channels/contract.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import type { Audience } from '../../store/port/audiences.ts';
import type { ChannelCatalog } from '../accept/channel-catalog.ts';
import { callerOf } from '../auth/gate.ts';
import { COUNT, closed, nullable, OF_BOT, TIME } from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { Fault } from '../faults.ts';
import { requireJsonBody } from '../media-type.ts';
import { requireNotifications } from './audience/require-notifications.ts';
import type { NativeContext } from './context.ts';
import { readJsonBodies } from './json-bodies.ts';
import { findTemplate } from './named-template.ts';
import { toIso } from './notification-documents.ts';
import { keyOfPlan, openPlan, untilGathered } from './plan/open-plan.ts';
import { MAX_FAILING, MAX_SAMPLES, type RehearsedPlan, rehearseNamed, rehearsePlan } from './plan/rehearse-plan.ts';
import { REHEARSED, toDocument } from './preview.ts';
import { readGathered, readSend } from './read-send.ts';
import { SEND_BODY, type SendBody } from './send-body.ts';
import { wrong } from './wrong.ts';

const PREFLIGHT = Type.Object(
  {
    planId: nullable(
      Type.String(),
      'Sends exactly this, as `planId` of a send, until planExpiresAt. Null: there is nobody to send it to.',
    ),
    planExpiresAt: nullable(TIME),
    isComplete: Type.Boolean({
      description:
        'false: there are so many that not all were looked at; ask again with the planId, or go by those that were.',
    }),
    recipients: Type.Integer({ minimum: 0, description: 'Found so far; all of them where it is complete.' }),
    rehearsed: Type.Integer({
      minimum: 0,
      description: 'Of those who are neither named again nor left out: looked at, each as if it were sent to them.',
    }),
    ready: Type.Integer({ minimum: 0, description: 'Nothing is known against sending to them.' }),
    reasons: Type.Record(Type.String(), COUNT, {
      description:
        'How often each reason of the catalogue would be given; with those who are ready it adds up to all where it is complete.',
    }),
    failing: Type.Array(
      Type.Object({
        seq: REHEARSED.seq,
        identity: REHEARSED.identity,
        reason: Type.String(),
        hint: Type.String({ description: 'What to do about it.' }),
        detail: nullable(Type.String()),
      }),
      { maxItems: MAX_FAILING },
    ),
    languages: Type.Record(Type.String(), COUNT, { description: 'How many would get which variant of a template.' }),
    unrendered: Type.Integer({ minimum: 0, description: 'Whose message a script prints; it is not run here.' }),
    samples: Type.Array(Type.Object(REHEARSED), {
      maxItems: MAX_SAMPLES,
      description: 'What the first of those who are ready would be sent.',
    }),
    forecast: Type.Object({
      waiting: Type.Integer({ minimum: 0, description: "Recipients of the bot's that wait at present." }),
      perSecond: nullable(
        Type.Number({ minimum: 0 }),
        'How fast the connection may send at present, as far as the server that was asked knows; null: as fast as it can.',
      ),
      finishesAt: nullable(TIME, 'If all goes on as it is; null: without a rate nobody can tell.'),
    }),
  },
  { $id: 'Preflight', description: 'What would become of a notification.' },
);

const HOW = closed({
  keep: Type.Optional(
    Type.Boolean({
      description:
        'false: nothing of it is kept, so that it may be asked at every keystroke. For a list of recipients only, without exclude.',
    }),
  ),
});

const OPERATION: Operation = {
  id: 'preflightNotification',
  tag: 'notifications',
  summary: 'What would become of a notification',
  description:
    'Takes what a send takes, a filter too, or the planId of an earlier one or the id of an upload that is not sealed: finds and resolves everybody, writes and inspects every message for the (first) channel, and sends nothing. What it found is kept for an hour as a plan, a hundred of a bot, and a send with the planId sends just that: to these people, in these words. It looks for ten seconds at the most.',
  scope: SCOPE_SEND,
  changes: false,
  params: OF_BOT,
  query: HOW,
  body: { types: ['application/json'], schema: SEND_BODY },
  replies: { 200: { description: 'Who would get it, and who not.', content: { 'application/json': PREFLIGHT } } },
  faults: [...OF_BODIES, 'plan_unknown', 'plan_outdated', 'audiences_open', 'store_full'],
};

export interface PreflightRouteOptions extends NativeContext {
  readonly catalog: ChannelCatalog;
  readonly tools: Pick<ChannelTools, 'publicUrl'>;
  /** What this process does on a connection just now; null: nothing yet. */
  readonly describeConnection: (connectionId: string) => JsonObject | null;
}

/** A Fastify plugin, under the native prefix. */
export async function preflightRoute(app: FastifyInstance, options: PreflightRouteOptions): Promise<void> {
  readJsonBodies(app);
  addOperation<PreflightCall>(app, options.gate, {
    method: 'POST',
    url: '/bots/:botId/notifications/preflight',
    operation: OPERATION,
    onRequest: [requireJsonBody],
    handler: createPreflight(options),
  });
}

interface PreflightCall {
  readonly Body: SendBody;
  readonly Querystring: Static<typeof HOW>;
}

/** A caller waits no longer. */
const PATIENCE_MS = 10_000;

function createPreflight(options: PreflightRouteOptions) {
  const { store, clock } = options;
  return async function preflightNotification(
    request: FastifyRequest<PreflightCall>,
  ): Promise<Static<typeof PREFLIGHT>> {
    if (request.query.keep === false) return rehearseOnly(request, options);
    const until = clock.monotonic() + PATIENCE_MS;
    const key = await findPlan(request, options);
    const audience = await untilGathered(key, until, { store, clock });
    if (audience === null) throw new Fault('plan_unknown');
    const plan = await rehearsePlan(key, audience, until, options);
    const { recipients, suppressed, excluded, endsAt } = audience;
    const isGathered = audience.state !== 'collecting' && audience.state !== 'excluding';
    const isComplete = isGathered && plan.rehearsed === recipients - suppressed;
    const leftOut = { duplicate: suppressed - excluded, excluded };
    const known = Object.entries(leftOut).filter(([, count]) => count > 0);
    const planId = audience.state === 'empty' ? null : key.notificationId;
    const open = recipients - suppressed;
    return {
      ...toReport(plan),
      planId,
      planExpiresAt: planId === null ? null : toIso(endsAt),
      isComplete,
      recipients,
      reasons: { ...plan.reasons, ...Object.fromEntries(known) },
      // Who was uploaded is counted among those who wait already.
      forecast: await forecast(audience.asked, { plan, open, counted: audience.plan.isHeld ? 0 : open }, options),
    };
  };
}

/** The same of a list, of which nothing is kept. */
async function rehearseOnly(
  request: FastifyRequest<PreflightCall>,
  options: PreflightRouteOptions,
): Promise<Static<typeof PREFLIGHT>> {
  const { body } = request;
  const botId = callerOf(request).bot.id;
  const { store, tenancy, catalog: channels, clock, tools } = options;
  if (body.exclude !== undefined)
    throw wrong('/exclude', 'is judged only with what is kept: leave it out, or leave out keep=false');
  if (body.planId !== undefined) throw wrong('/planId', 'is kept already: leave out keep=false');
  const template = await findTemplate(body, { store, botId });
  const parts = { botId, tenancy, channels, template, publicUrl: tools.publicUrl, now: clock.now() };
  const asked = readSend(body, parts);
  const plan = await rehearseNamed(asked, { store, botId });
  const open = asked.recipients.length;
  return {
    ...toReport(plan),
    planId: null,
    planExpiresAt: null,
    isComplete: true,
    recipients: open,
    reasons: { ...plan.reasons },
    forecast: await forecast(
      { botId, connectionId: asked.connection.id, ...(asked.options && { options: asked.options }) },
      { plan, open, counted: 0 },
      options,
    ),
  };
}

const toReport = ({ rehearsed, ready, failing, languages, unrendered, samples }: RehearsedPlan) => ({
  rehearsed,
  ready,
  failing: [...failing],
  languages: { ...languages },
  unrendered,
  samples: samples.map(toDocument),
});

/** The one that is named, or a new one. */
async function findPlan(request: FastifyRequest<PreflightCall>, options: PreflightRouteOptions) {
  const { store, tenancy, catalog: channels, clock, tools } = options;
  const { body } = request;
  const botId = callerOf(request).bot.id;
  if (body.planId !== undefined) return keyOfPlan(botId, body);
  if (body.audience !== undefined)
    throw wrong('/audience', 'has nobody yet: send it, upload them, and ask with its id as planId');
  await requireNotifications(body, { store, botId });
  const template = await findTemplate(body, { store, botId });
  const parts = { botId, tenancy, channels, template, publicUrl: tools.publicUrl, now: clock.now() };
  return openPlan(request, readGathered(body, parts), options);
}

async function forecast(
  { botId, connectionId, options }: Pick<Audience['asked'], 'botId' | 'connectionId' | 'options'>,
  /** How many are to be sent it, and how many of them wait already. */
  { plan, open, counted }: { readonly plan: RehearsedPlan; readonly open: number; readonly counted: number },
  { store, clock, describeConnection }: PreflightRouteOptions,
): Promise<Static<typeof PREFLIGHT>['forecast']> {
  const { bots } = await store.tellAccepted({ accepted: [{ botId, recipients: 0 }] });
  const waiting = Math.max(0, (bots[0]?.recipients ?? 0) - counted);
  const begins = Math.max(clock.now(), options?.sendAt ?? 0);
  const state = describeConnection(connectionId);
  const rate = isJsonObject(state?.['rate']) ? state['rate']['now'] : null;
  const perSecond = typeof rate === 'number' ? rate : null;
  const heldMs = Math.max(Number(state?.['pausedMs'] ?? 0), Number(state?.['heldMs'] ?? 0));
  // Whoever was not looked at goes for ready.
  const takesMs = ((waiting + plan.ready + open - plan.rehearsed) / (perSecond ?? 0)) * 1000;
  return { waiting, perSecond, finishesAt: perSecond ? toIso(begins + heldMs + Math.ceil(takesMs)) : null };
}
