import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import type { ChannelTools } from '../../channels/contract.ts';
import type { Message } from '../../model/message.ts';
import { SCOPE_SEND } from '../../model/tenancy.ts';
import type { ChannelCatalog } from '../accept/channel-catalog.ts';
import { callerOf } from '../auth/gate.ts';
import { closed, NOTHING, nullable } from '../contract/fields.ts';
import { OF_BODIES, type Operation } from '../contract/operation.ts';
import { addOperation } from '../contract/route.ts';
import { requireJsonBody } from '../media-type.ts';
import type { NativeContext } from './context.ts';
import { readJsonBodies } from './json-bodies.ts';
import { findTemplate } from './named-template.ts';
import { readSend } from './read-send.ts';
import { type Rehearsed, rehearse } from './rehearse.ts';
import { NATIVE, RECIPIENTS, SEND_BODY, TEXT } from './send-body.ts';
import { OF_TEMPLATE, TEMPLATE_VERSION } from './template-body.ts';

const { channel, connection, parameters } = SEND_BODY.properties;

const PREVIEW_BODY = closed({
  version: Type.Optional(TEMPLATE_VERSION),
  channel,
  connection,
  recipients: Type.Optional({ ...RECIPIENTS, maxItems: 100 }),
  parameters,
});

type PreviewBody = Static<typeof PREVIEW_BODY>;

export const SAYS = nullable(
  Type.Union([TEXT, NATIVE]),
  "What would be sent, in the channel's own format where it is native; null: a script has to print it.",
);

export const FAULT = nullable(
  Type.Object({ reason: Type.String(), detail: nullable(Type.String()) }),
  'Why they would not get it, a reason of the catalogue; null: nothing is known against it.',
);

export const REHEARSED = {
  seq: Type.Integer({ minimum: 0 }),
  identity: Type.String(),
  personId: Type.String({ description: 'u-…; of somebody unknown, the id they would get.' }),
  language: nullable(Type.String(), 'The tag of the variant; null: there is but one.'),
  message: SAYS,
};

const PREVIEW: Operation = {
  id: 'previewTemplate',
  tag: 'templates',
  summary: 'What a template says to each of these',
  description: 'Resolved, in their language and filled as it would be sent over the channel. Sends nothing.',
  scope: SCOPE_SEND,
  changes: false,
  params: OF_TEMPLATE,
  query: NOTHING,
  body: { types: ['application/json'], schema: PREVIEW_BODY },
  replies: {
    200: {
      description: 'In the order of the recipients.',
      content: {
        'application/json': Type.Object({ previews: Type.Array(Type.Object({ ...REHEARSED, fault: FAULT })) }),
      },
    },
  },
  faults: OF_BODIES,
};

export interface PreviewRouteOptions extends NativeContext {
  readonly catalog: ChannelCatalog;
  readonly tools: Pick<ChannelTools, 'publicUrl'>;
}

/** A Fastify plugin, under the native prefix. */
export async function previewRoute(app: FastifyInstance, options: PreviewRouteOptions): Promise<void> {
  readJsonBodies(app);
  addOperation<{ Params: Static<typeof OF_TEMPLATE>; Body: PreviewBody }>(app, options.gate, {
    method: 'POST',
    url: '/bots/:botId/templates/:template/preview',
    operation: PREVIEW,
    onRequest: [requireJsonBody],
    handler: createPreview(options),
  });
}

function createPreview({ store, tenancy, catalog: channels, tools: { publicUrl }, clock }: PreviewRouteOptions) {
  return async function previewTemplate(
    request: FastifyRequest<{ Params: Static<typeof OF_TEMPLATE>; Body: PreviewBody }>,
  ): Promise<object> {
    const botId = callerOf(request).bot.id;
    const { version, ...body } = request.body;
    const named = { ...body, template: { name: request.params.template, ...(version !== undefined && { version }) } };
    const template = await findTemplate(named, { store, botId });
    const asked = readSend(named, { botId, tenancy, channels, template, publicUrl, now: clock.now() });
    const rehearsed = await rehearse(asked, { store, botId });
    return { previews: rehearsed.map((one) => ({ ...toDocument(one), fault: one.fault && { ...one.fault } })) };
  };
}

export const toDocument = ({ seq, identity, personId, language, message }: Rehearsed) => ({
  seq,
  identity,
  personId,
  language,
  message: message === null ? null : toBody(message),
});

const toBody = (message: Message): Static<typeof SAYS> =>
  message.type === 'text' ? { type: 'text', val: message.text } : { type: 'native', payload: message.payload };
