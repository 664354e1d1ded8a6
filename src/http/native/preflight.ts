import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import type { ChannelTools } from '../../channels/contract.ts';
import { isJsonObject, type JsonObject } from '../../model/json.ts';
import { explainReason } from '../../model/reasons.ts';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import type { ChannelCatalog } from '../accept/channel-catalog.ts';
import { callerOf } from '../auth/gate.ts';
import { COUNT, NOTHING, nullable, OF_BOT, TIME } from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { requireJsonBody } from '../media-type.ts';
import type { NativeContext } from './context.ts';
import { readJsonBodies } from './json-bodies.ts';
import { findTemplate } from './named-template.ts';
import { toIso } from './notification-documents.ts';
import { REHEARSED, toDocument } from './preview.ts';
import { readSend } from './read-send.ts';
import { rehearse } from './rehearse.ts';
import { SEND_BODY, type SendBody } from './send-body.ts';

/** Of those who would fail, so many are named; all are counted. */
const MAX_FAILING = 100;
const MAX_SAMPLES = 10;

const PREFLIGHT = Type.Object(
  {
    recipients: COUNT,
    ready: Type.Integer({ minimum: 0, description: 'Nothing is known against sending to them.' }),
    reasons: Type.Record(Type.String(), COUNT, {
      description: 'How often each reason of the catalogue would be given; with those who are ready it adds up.',
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

const OPERATION: Operation = {
  id: 'preflightNotification',
  tag: 'notifications',
  summary: 'What would become of a notification',
  description:
    'Takes what a send takes: resolves everybody, writes and inspects every message for the (first) channel, and sends nothing.',
  scope: SCOPE_SEND,
  changes: false,
  params: OF_BOT,
  query: NOTHING,
  body: { types: ['application/json'], schema: SEND_BODY },
  replies: { 200: { description: 'Who would get it, and who not.', content: { 'application/json': PREFLIGHT } } },
  faults: OF_BODIES,
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
  addOperation<{ Body: SendBody }>(app, options.gate, {
    method: 'POST',
    url: '/bots/:botId/notifications/preflight',
    operation: OPERATION,
    onRequest: [requireJsonBody],
    handler: createPreflight(options),
  });
}

function createPreflight(options: PreflightRouteOptions) {
  const { store, tenancy, catalog: channels, clock } = options;
  const { publicUrl } = options.tools;
  return async function preflightNotification(
    request: FastifyRequest<{ Body: SendBody }>,
  ): Promise<Static<typeof PREFLIGHT>> {
    const botId = callerOf(request).bot.id;
    const template = await findTemplate(request.body, { store, botId });
    const now = clock.now();
    const asked = readSend(request.body, { botId, tenancy, channels, template, publicUrl, now });
    const rehearsed = await rehearse(asked, { store, botId });
    const ready = rehearsed.filter(({ fault }) => fault === null);
    const failing = rehearsed.flatMap(({ seq, identity, fault }) =>
      fault === null ? [] : [{ seq, identity, ...fault, hint: explainReason(fault.reason).hint }],
    );
    const begins = Math.max(now, asked.options?.sendAt ?? now);
    return {
      recipients: rehearsed.length,
      ready: ready.length,
      reasons: countBy(failing, ({ reason }) => reason),
      failing: failing.slice(0, MAX_FAILING),
      languages: countBy(rehearsed, ({ language }) => language),
      unrendered: rehearsed.filter(({ message }) => message === null).length,
      samples: ready.slice(0, MAX_SAMPLES).map(toDocument),
      forecast: await forecast(botId, asked.connection.id, { count: ready.length, begins }, options),
    };
  };
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string | null): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) {
    const key = keyOf(item);
    if (key !== null) counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

async function forecast(
  botId: string,
  connectionId: string,
  { count, begins }: { readonly count: number; readonly begins: number },
  { store, describeConnection }: PreflightRouteOptions,
): Promise<Static<typeof PREFLIGHT>['forecast']> {
  const { bots } = await store.tellAccepted({ accepted: [{ botId, recipients: 0 }] });
  const waiting = Math.max(0, bots[0]?.recipients ?? 0);
  const state = describeConnection(connectionId);
  const rate = isJsonObject(state?.['rate']) ? state['rate']['now'] : null;
  const perSecond = typeof rate === 'number' ? rate : null;
  const held = Math.max(Number(state?.['pausedMs'] ?? 0), Number(state?.['heldMs'] ?? 0));
  const finishesAt =
    perSecond === null || perSecond === 0
      ? null
      : toIso(begins + held + Math.ceil(((waiting + count) / perSecond) * 1000));
  return { waiting, perSecond, finishesAt };
}
