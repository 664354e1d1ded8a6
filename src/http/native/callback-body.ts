import { type Static, Type } from 'typebox';
import { CALLBACK_EVENTS, type CallbackOptions } from '../../model/callback.ts';
import type { Tenancy } from '../../model/tenancy.ts';
import { closed, oneOf } from '../contract/fields.ts';
import { show, wrong } from './wrong.ts';

export const CALLBACK = closed({
  connection: Type.String({
    minLength: 1,
    maxLength: 200,
    description: 'The name or id of a webhook connection (ivr) of the bot: its URL is told, its secret signs.',
  }),
  on: Type.Optional(
    Type.Array(oneOf(CALLBACK_EVENTS), {
      minItems: 1,
      maxItems: CALLBACK_EVENTS.length,
      uniqueItems: true,
      description: 'What is told. Absent: all.',
    }),
  ),
  steps: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 10,
      description: 'Progress is told each time that another of so many parts of the recipients has come to its end.',
    }),
  ),
});

const DEFAULT_STEPS = 10;

export function readCallback(
  { connection, on = [...CALLBACK_EVENTS], steps = DEFAULT_STEPS }: Static<typeof CALLBACK>,
  { botId, tenancy }: { readonly botId: string; readonly tenancy: Tenancy },
): CallbackOptions {
  const byName = tenancy.connection(botId, WEBHOOK, connection);
  const byId = tenancy.connectionById(connection);
  const found = byName ?? (byId?.botId === botId && byId.channel === WEBHOOK ? byId : null);
  if (found !== null) return { connectionId: found.id, on, steps };
  throw wrong('/callback/connection', `this bot has no webhook connection (ivr) of the name or id ${show(connection)}`);
}

/** The channel whose connections can be told. */
const WEBHOOK = 'ivr';
