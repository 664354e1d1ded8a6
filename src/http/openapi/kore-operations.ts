import type { FastifySchema } from 'fastify';
import { type TSchema, Type } from 'typebox';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import { MAX_IDENTITIES, MAX_PARAMETER_CHARS, MAX_PARAMETERS } from '../accept/asked.ts';
import { BOT_ID, COUNT, closed, NOTIFICATION_ID, oneOf, TIME } from '../contract/fields.ts';
import { describeAppAccess, describeReplies, OF_BODIES, OF_TOKENS, type Operation } from '../contract/operation.ts';
import { KORE_PREFIX } from '../error-handler.ts';
import { FAULTS, type FaultName } from '../faults.ts';

/** Kore's surface as it answers. It is frozen, so this describes it and judges nothing. */

export const KORE_ERROR = Type.Object(
  { errors: Type.Array(Type.Object({ msg: Type.String(), code: Type.Integer() }), { minItems: 1, maxItems: 1 }) },
  { $id: 'KoreError', description: 'Why a request was refused, as Kore.ai says it.' },
);

const STATUS = oneOf(['IN_PROGRESS', 'SUCCESS', 'FAILURE', 'PARTIAL_SUCCESS']);

export const JOB_LOG = Type.Object(
  {
    _id: Type.String({ description: 'nl-…' }),
    requestId: Type.String(),
    createdBy: Type.String(),
    channel: Type.String({ description: 'As the caller spelled it.' }),
    comments: Type.String(),
    streamId: Type.String(),
    koreId: Type.Optional(Type.String({ description: 'On success only.' })),
    channelId: Type.Optional(Type.String({ description: 'On success only.' })),
    messagestoreId: Type.Optional(Type.String({ description: 'On success only.' })),
    originalId: Type.String({ description: 'The identity as the caller wrote it.' }),
    status: oneOf(['SUCCESS', 'FAILURE']),
    createdOn: TIME,
    __v: Type.Integer(),
  },
  { $id: 'JobLog', description: 'What became of one recipient.' },
);

const JOB = {
  _id: Type.String({ description: 'The request id: ds-…' }),
  status: STATUS,
  percentageComplete: Type.Integer({ minimum: 0, maximum: 100 }),
  streamId: Type.String(),
  jobType: Type.String(),
  action: Type.String(),
  countOfDockStatuses: Type.Integer(),
  createdBy: Type.String(),
  store: Type.Object({ identitiesCount: COUNT }),
  statusLogs: Type.Array(Type.Ref('JobLog#')),
  lMod: TIME,
  createdOn: TIME,
  requestedTime: TIME,
  __v: Type.Integer(),
};

const STATUS_V1 = Type.Object({ ...JOB, count: COUNT });
const STATUS_V2 = Type.Object({
  statusLogs: Type.Array(Type.Ref('JobLog#')),
  count: COUNT,
  status: STATUS,
  streamId: Type.String(),
});

const message = (types: readonly string[], value: TSchema) => ({
  type: oneOf(types),
  val: Type.Optional(value),
  value: Type.Optional(value),
});
const HOW = 'Of val and value one, of message and content one.';

const TEXT_OR_JSON = Type.Union([Type.String(), Type.Object({}, { additionalProperties: true })]);
const MESSAGE_V1 = Type.Object(message(['text', 'script'], Type.String()), { description: HOW });
const MESSAGE_V2 = Type.Object(message(['text', 'template', 'script'], TEXT_OR_JSON), {
  additionalProperties: false,
  description: HOW,
});

const BODY_V1 = Type.Object(
  {
    channel: Type.String({
      description: 'msteams, slack, hangoutchat, whatsapp, sms, email, webpush or ivr.',
      examples: ['msteams'],
    }),
    userIdentityType: oneOf(['resolve', 'donotresolve']),
    webhookInstanceName: Type.Optional(Type.String()),
    message: Type.Optional(MESSAGE_V1),
    content: Type.Optional(MESSAGE_V1),
    identities: Type.Array(Type.String(), { minItems: 1, maxItems: MAX_IDENTITIES }),
  },
  {
    additionalProperties: true,
    examples: [
      {
        channel: 'msteams',
        userIdentityType: 'resolve',
        message: { type: 'text', val: 'The cafeteria closes at three today.' },
        identities: ['john@abc.com', 'jane@abc.com'],
      },
    ],
  },
);

const BODY_V2 = Type.Object(
  {
    channel: Type.String({
      description: 'msteams, slack, hangoutchat, whatsapp, sms, email, webpush or ivr.',
      examples: ['msteams'],
    }),
    webhookInstanceName: Type.Optional(Type.String()),
    userIdentityType: Type.Optional(oneOf(['resolve'])),
    message: Type.Optional(MESSAGE_V2),
    content: Type.Optional(MESSAGE_V2),
    identities: Type.Array(
      closed({
        email: Type.Optional(Type.String()),
        spaceId: Type.Optional(Type.String()),
        phoneNumber: Type.Optional(Type.String()),
        customMessage: Type.Optional(Type.String({ description: 'Instead of the message of all.' })),
        parameters: Type.Optional(
          Type.Unsafe<object>({
            type: 'object',
            additionalProperties: { type: 'string', maxLength: MAX_PARAMETER_CHARS },
            maxProperties: MAX_PARAMETERS,
          }),
        ),
      }),
      { minItems: 1, maxItems: MAX_IDENTITIES },
    ),
  },
  {
    additionalProperties: false,
    examples: [
      {
        channel: 'msteams',
        message: { type: 'text', value: 'The cafeteria closes at three today, {name}.' },
        identities: [{ email: 'john@abc.com', parameters: { name: 'John' } }],
      },
    ],
  },
);

interface KoreOperation extends Pick<Operation, 'id' | 'summary' | 'description' | 'faults' | 'params'> {
  readonly body?: TSchema;
  readonly reply: TSchema;
}

const SEND_FAULTS = ['idempotency_key_reused', 'bot_backlog_full', 'backlog_full', 'store_full'] as const;
const OF_EVERY_CALL = [
  'request_malformed',
  'store_unavailable',
  'overloaded',
  'minute_limit',
  'hour_limit',
  ...OF_TOKENS,
] as const;
const OF_BOT = closed({ botId: BOT_ID });
const OF_REQUEST = closed({ botId: BOT_ID, requestId: NOTIFICATION_ID });

const send = (id: string, version: string, body: TSchema): KoreOperation => ({
  id,
  summary: `Send a notification (${version})`,
  description: 'When it is answered, the notification is on disk. `Idempotency-Key` is honoured, as an addition.',
  params: OF_BOT,
  body,
  reply: Type.Object(JOB),
  faults: [...OF_BODIES, ...SEND_FAULTS],
});

const status = (id: string, version: string, reply: TSchema): KoreOperation => ({
  id,
  summary: `What became of a notification (${version})`,
  description: 'Of notifications that came through /api/public.',
  params: OF_REQUEST,
  reply,
  faults: ['notification_unknown', ...(id.startsWith('post') ? (['body_too_large', 'body_too_slow'] as const) : [])],
});

function toKoreSchema({ id, summary, description, params, body, reply, faults }: KoreOperation): FastifySchema {
  const byStatus = Map.groupBy([...OF_EVERY_CALL, ...faults], (name: FaultName) => FAULTS[name].kore.status);
  const refusals = [...byStatus].map(([code, names]) => [
    code,
    {
      description: [...new Set(names.map((name) => FAULTS[name].kore.text))].join(' · '),
      content: { 'application/json': Type.Ref('KoreError#') },
      ...(code === 429 || code === 503 ? { headers: { 'Retry-After': Type.String() } } : {}),
    },
  ]);
  return {
    operationId: id,
    tags: ['kore'],
    summary,
    description,
    ...describeAppAccess(SCOPE_SEND),
    ...(!body && { 'x-changes': false }),
    params,
    ...(body && {
      body,
      headers: Type.Object({
        'idempotency-key': Type.Optional(Type.String({ description: 'Sent again, nothing is sent twice.' })),
      }),
    }),
    response: describeReplies({
      200: {
        description: body ? 'It is accepted.' : 'What became of it so far.',
        content: { 'application/json': reply },
      },
      ...Object.fromEntries(refusals),
    }),
  };
}

const BOT_URL = `${KORE_PREFIX}/bot/:botId`;

/** By `METHOD url`. */
export const KORE_OPERATIONS: Readonly<Record<string, FastifySchema>> = {
  [`POST ${BOT_URL}/notify`]: toKoreSchema(send('notify', 'v1', BODY_V1)),
  [`GET ${BOT_URL}/notify/status/:requestId`]: toKoreSchema(status('getNotifyStatus', 'v1', STATUS_V1)),
  [`POST ${BOT_URL}/notify/status/:requestId`]: toKoreSchema(status('postNotifyStatus', 'v1', STATUS_V1)),
  [`POST ${BOT_URL}/notifyV2`]: toKoreSchema(send('notifyV2', 'v2', BODY_V2)),
  [`GET ${BOT_URL}/notifyV2/status/:requestId`]: toKoreSchema(status('getNotifyV2Status', 'v2', STATUS_V2)),
  [`POST ${BOT_URL}/notifyV2/status/:requestId`]: toKoreSchema(status('postNotifyV2Status', 'v2', STATUS_V2)),
};
