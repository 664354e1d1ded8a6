import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { ALGORITHMS } from '../../../model/tenancy.ts';
import type { AppDocument } from '../../../tenancy/documents.ts';
import { cutPage, readCursor } from '../../contract/cursor.ts';
import {
  CONNECTION_ID,
  closed,
  DEFAULT_LIMIT,
  NEXT_CURSOR,
  nullable,
  oneOf,
  type PAGE,
  TIME,
} from '../../contract/fields.ts';
import { toIso } from '../notification-documents.ts';

const DECLARED_IN = oneOf(['file', 'api'], { description: 'file: it is read-only here.' });
const NAME = Type.String({ minLength: 1, maxLength: 200 });
const WINDOW = Type.Integer({ minimum: 0, maximum: 1_000_000_000 });
const LIMITS = closed({ perMinute: WINDOW, perHour: WINDOW });

const DAYS = Type.Optional(
  Type.String({ pattern: '^[1-9][0-9]{0,4}d$', description: 'days, such as 90d', examples: ['90d'] }),
);
const RETENTION = closed({ recipients: DAYS, notifications: DAYS, callbacks: DAYS });

export const BOT_BODY = closed({
  name: Type.Optional(NAME),
  weight: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'Turns where bots share an account.' })),
  limits: Type.Optional({ ...LIMITS, description: 'Calls on the Kore routes, rolling; 0 switches a window off.' }),
  retention: Type.Optional({
    ...RETENTION,
    description:
      'How long things are kept after the end of a notification; what is left out, as the configuration file says for all bots.',
  }),
});

export const MANAGED_BOT = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    weight: Type.Integer(),
    limits: LIMITS,
    retention: { ...RETENTION, description: 'As it is in force; what is left out is kept for ever.' },
    declaredIn: DECLARED_IN,
  },
  { $id: 'ManagedBot', description: 'A bot, as it is configured.' },
);

const SETTINGS = Type.Record(Type.String(), Type.Unknown(), {
  description: 'By channel: docs/channels/. Secrets are shown as ***; left out or sent so they stay as they are.',
});
const RATES = closed({
  perSecond: Type.Optional(nullable(Type.Number({ minimum: 0, maximum: 100_000 }))),
  concurrency: Type.Optional(nullable(Type.Integer({ minimum: 1, maximum: 10_000 }))),
});
const AFTER_UNKNOWN = nullable(oneOf(['retry', 'hold']), 'After an answer was lost; null: as the channel does.');

export const CONNECTION_BODY = closed({
  botId: Type.String(),
  channel: Type.String(),
  name: Type.Optional(
    nullable(Type.String({ minLength: 1, maxLength: 100 }), 'Of channels of which a bot has several.'),
  ),
  settings: SETTINGS,
  limits: Type.Optional(RATES),
  allowPrivateNetwork: Type.Optional(Type.Boolean()),
  afterUnknown: Type.Optional(AFTER_UNKNOWN),
});

export const MANAGED_CONNECTION = Type.Object(
  {
    id: CONNECTION_ID,
    botId: Type.String(),
    channel: Type.String(),
    name: nullable(Type.String()),
    settings: SETTINGS,
    limits: RATES,
    allowPrivateNetwork: Type.Boolean(),
    afterUnknown: AFTER_UNKNOWN,
    declaredIn: DECLARED_IN,
  },
  { $id: 'ManagedConnection', description: 'A connection, as it is configured.' },
);

export const CHECK = Type.Object(
  { ok: Type.Boolean(), detail: Type.String({ description: 'What the provider said to the credentials.' }) },
  { $id: 'ConnectionCheck', description: 'Whether credentials are good.' },
);

const KEYS = {
  clientSecret: Type.Optional(
    Type.String({ maxLength: 1_000, description: 'HS256, HS512; absent: one is made, and told this once.' }),
  ),
  publicKey: Type.Optional(Type.String({ maxLength: 20_000, description: 'RS256, RS512: RSA in PEM form.' })),
};
const WHO = {
  name: NAME,
  algorithm: oneOf(ALGORITHMS),
  kind: oneOf(['builder', 'admin'], { description: 'builder: its bots only; admin: every bot.' }),
  bots: Type.Array(Type.String(), { maxItems: 10_000 }),
  scopes: Type.Array(Type.String(), { maxItems: 20 }),
  enforceJti: Type.Boolean(),
  enforceJwe: Type.Boolean(),
};

export const APP_BODY = closed({
  algorithm: WHO.algorithm,
  name: Type.Optional(WHO.name),
  kind: Type.Optional(WHO.kind),
  bots: Type.Optional(WHO.bots),
  scopes: Type.Optional(WHO.scopes),
  enforceJti: Type.Optional(WHO.enforceJti),
  enforceJwe: Type.Optional(WHO.enforceJwe),
  ...KEYS,
});
export const ROTATE_BODY = closed({
  ...KEYS,
  overlapHours: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 168, default: 24, description: '0: the key before is good no more.' }),
  ),
});

export const MANAGED_APP = Type.Object(
  {
    clientId: Type.String(),
    ...WHO,
    declaredIn: DECLARED_IN,
    formerKeyUntil: nullable(TIME, 'Until when the key before is good as well; null: there is none.'),
  },
  { $id: 'ManagedApp', description: 'An app, as it is configured.' },
);

export const SAVED_APP = Type.Object(
  {
    app: Type.Ref('ManagedApp#'),
    clientSecret: nullable(Type.String(), 'Made for you, and told this once; null: it is the one you have.'),
  },
  { $id: 'SavedApp' },
);

export const BOTS_PAGE = Type.Object({ bots: Type.Array(Type.Ref('ManagedBot#')), nextCursor: NEXT_CURSOR });
export const APPS_PAGE = Type.Object({ apps: Type.Array(Type.Ref('ManagedApp#')), nextCursor: NEXT_CURSOR });
export const CONNECTIONS = Type.Object({ connections: Type.Array(Type.Ref('ManagedConnection#')) });

export const toManagedApp = ({ formerKeyUntil, bots, scopes, ...app }: AppDocument): Static<typeof MANAGED_APP> => ({
  ...app,
  bots: [...bots],
  scopes: [...scopes],
  formerKeyUntil: formerKeyUntil === null ? null : toIso(formerKeyUntil),
});

/** The things after the cursor of a request, by what identifies them. */
export function pageOf<Thing>(
  things: readonly Thing[],
  idOf: (thing: Thing) => string,
  request: FastifyRequest<{ Querystring: Static<typeof PAGE> }>,
): { readonly page: readonly Thing[]; readonly nextCursor: string | null } {
  const { limit = DEFAULT_LIMIT } = request.query;
  const afterId = readCursor(request) ?? '';
  const after = things.filter((thing) => idOf(thing) > afterId).toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  return cutPage(request, { found: after, limit }, idOf);
}
