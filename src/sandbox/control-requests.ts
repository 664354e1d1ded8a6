import { validateHeaderName, validateHeaderValue } from 'node:http';
import {
  aBoolean,
  aNumber,
  anInteger,
  anything,
  aString,
  type Check,
  ControlError,
  listOf,
  mapOf,
  oneOf,
  shape,
} from './checks.ts';
import type { FaultRule } from './faults.ts';
import { isGlob } from './glob.ts';
import {
  GOOGLE_STATES,
  type PeopleChange,
  PUSH_STATES,
  SLACK_STATES,
  TEAMS_STATES,
  TWILIO_STATES,
  WHATSAPP_STATES,
} from './people.ts';
import { PROVIDERS } from './provider.ts';
import { TEAMS_EVENTS, type TeamsEvent } from './teams-events.ts';
import { findUrlFault, type WebhookUrls } from './webhooks.ts';

/** Throws ControlError, as all below. */
export function checkFaults(value: unknown): asserts value is readonly FaultRule[] {
  listOf(aRule)(value, 'faults');
}

export function checkPeople(value: unknown): asserts value is PeopleChange {
  aPeopleChange(value, 'people');
}

export function checkSecrets(value: unknown): asserts value is Readonly<Record<string, readonly string[]>> {
  mapOf(listOf(aSecret))(value, 'hooks');
}

export function checkWebhooks(value: unknown): asserts value is WebhookUrls {
  someWebhooks(value, 'webhooks');
}

export function checkTeamsEvent(value: unknown): asserts value is TeamsEvent {
  aTeamsEvent(value, 'event');
}

const DAY_MS = 86_400_000;
const COMMON = { kind: anything, processed: aBoolean, delayMs: aNumber(0, DAY_MS) };

const aHeader: Check = (value, path) => {
  aString(value, path);
  const name = path.slice(path.lastIndexOf('.') + 1);
  if (['content-length', 'transfer-encoding'].includes(name.toLowerCase())) {
    throw new ControlError(`${path} is set by the sandbox; leave it out.`);
  }
  try {
    validateHeaderName(name);
    validateHeaderValue(name, String(value));
  } catch {
    throw new ControlError(`${path} is not a valid HTTP header.`);
  }
};

/** What each kind may hold besides `kind`, `processed` and `delayMs`. */
const KINDS: Readonly<Record<string, Check>> = {
  status: shape(
    { status: anInteger(200, 599) },
    {
      ...COMMON,
      headers: mapOf(aHeader),
      body: anything,
      retryAfterSeconds: aNumber(0, DAY_MS),
      retryAfterAsDate: aBoolean,
    },
  ),
  slow: shape({ kind: anything, delayMs: aNumber(0, DAY_MS) }),
  hang: shape({}, COMMON),
  reset: shape({}, COMMON),
  cut: shape({}, COMMON),
  garbage: shape({}, COMMON),
  trickle: shape({}, { ...COMMON, everyMs: aNumber(0, DAY_MS) }),
  huge: shape({}, { ...COMMON, bytes: anInteger(1, 2 ** 32) }),
};

const aFault: Check = (value, path) => {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
  oneOf(Object.keys(KINDS))(kind, `${path}.kind`);
  KINDS[String(kind)]?.(value, path);
};

const aRule = shape(
  { fault: aFault },
  {
    provider: oneOf(PROVIDERS),
    route: aString,
    recipient: aString,
    times: anInteger(1, Number.MAX_SAFE_INTEGER),
    perRecipient: aBoolean,
    rate: aNumber(0, 1),
  },
);

const aTeamsEvent = shape({ kind: oneOf(TEAMS_EVENTS), user: aString }, { text: aString });

const aTeamsPersonShape = shape(
  { match: aString, state: oneOf(TEAMS_STATES) },
  {
    aadObjectId: aString,
    email: aString,
    mail: aString,
    guest: aBoolean,
    generation: anInteger(1, Number.MAX_SAFE_INTEGER),
  },
);

const aTeamsPerson: Check = (value, path) => {
  aTeamsPersonShape(value, path);
  for (const alias of ['aadObjectId', 'email', 'mail']) refuseAliasOfPattern(value, alias, path);
};

const aSlackPersonShape = shape({ match: aString, state: oneOf(SLACK_STATES) }, { id: aString, name: aString });

const aSlackPerson: Check = (value, path) => {
  aSlackPersonShape(value, path);
  refuseAliasOfPattern(value, 'id', path);
};

const aGooglePersonShape = shape({ match: aString, state: oneOf(GOOGLE_STATES) }, { space: aString });

const aGooglePerson: Check = (value, path) => {
  aGooglePersonShape(value, path);
  refuseAliasOfPattern(value, 'space', path);
};

const aTwilioPerson = shape({ match: aString, state: oneOf(TWILIO_STATES) });

const aPeopleChange = shape(
  {},
  {
    replace: aBoolean,
    strict: aBoolean,
    teams: listOf(aTeamsPerson),
    slack: listOf(aSlackPerson),
    google: listOf(aGooglePerson),
    twilio: listOf(aTwilioPerson),
    whatsapp: listOf(shape({ match: aString, state: oneOf(WHATSAPP_STATES) })),
    webpush: listOf(shape({ match: aString, state: oneOf(PUSH_STATES) })),
  },
);

function refuseAliasOfPattern(value: unknown, alias: string, path: string): void {
  if (typeof value !== 'object' || value === null || !('match' in value)) return;
  if (!isGlob(String(value.match)) || !(alias in value)) return;
  throw new ControlError(`${path}.${alias} names one person, so ${path}.match cannot be a pattern.`);
}

const aWebhook: Check = (value, path) => {
  if (value === null) return;
  aString(value, path);
  const fault = findUrlFault(String(value));
  if (fault !== null) throw new ControlError(`${path} ${fault}.`);
};

const someWebhooks = shape({}, Object.fromEntries(PROVIDERS.map((provider) => [provider, aWebhook])));

const aSecret: Check = (value, path) => {
  aString(value, path);
  if (!/^(whsec_)?[A-Za-z0-9+/]+={0,2}$/.test(String(value))) {
    throw new ControlError(`${path} must be a Standard Webhooks secret: whsec_ and base64.`);
  }
};
