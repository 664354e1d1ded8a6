import { createPublicKey, type KeyObject } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { isId, randomId } from '../model/ids.ts';
import type { JsonObject } from '../model/json.ts';
import { ALGORITHMS, type App, SCOPE_ADMIN, SCOPE_DIRECTORY, SCOPE_SEND } from '../model/tenancy.ts';
import { type Report, readSection } from './section.ts';

const SCOPES = [SCOPE_SEND, SCOPE_DIRECTORY, SCOPE_ADMIN];

const APP = Type.Object(
  {
    clientId: Type.String(),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    algorithm: Type.Enum([...ALGORITHMS]),
    clientSecret: Type.Optional(Type.String({ secret: true })),
    publicKey: Type.Optional(Type.String()),
    kind: Type.Enum(['builder', 'admin'], { default: 'builder' }),
    bots: Type.Array(Type.String(), { default: [], uniqueItems: true }),
    scopes: Type.Array(Type.Enum(SCOPES), { default: [SCOPE_SEND], uniqueItems: true }),
    enforceJti: Type.Boolean({ default: false }),
    enforceJwe: Type.Boolean({ default: false }),
  },
  { additionalProperties: false },
);

export interface ReadApp {
  readonly app: App;
  readonly printable: JsonObject;
}

interface AppContext {
  readonly report: Report;
  /** What the file declares as ids of bots. */
  readonly botIds: ReadonlySet<unknown>;
  /** The platform's private key is set, so encrypted tokens can be opened. */
  readonly canDecrypt: boolean;
}

/** Null when there was a fault; the report has it. */
export function readApp(raw: unknown, path: string, context: AppContext): ReadApp | null {
  const section = readSection(APP, raw, path, context.report);
  if (section === null) return null;
  const { clientSecret, publicKey, ...rest } = section.value;
  const isKeyBroken = section.brokenKeys.has('clientSecret') || section.brokenKeys.has('publicKey');
  const key = isKeyBroken ? null : readKey(section.value);
  const faults = [...checkApp(section.value, context), ...(key !== null && 'fault' in key ? [key.fault] : [])];
  context.report.faults.push(...faults.map((fault) => `${path}.${fault}`));
  if (faults.length > 0 || key === null || 'fault' in key) return null;
  return { app: { ...rest, name: rest.name ?? rest.clientId, key: key.value }, printable: section.printable };
}

type AppSection = Static<typeof APP>;

function checkApp(app: AppSection, context: AppContext): string[] {
  const faults: string[] = [];
  if (!isId('cs', app.clientId)) {
    faults.push(`clientId: is not a client id; this one is fresh and free to use: ${randomId('cs')}`);
  }
  for (const [index, bot] of app.bots.entries()) {
    if (!context.botIds.has(bot)) faults.push(`bots[${index}]: no bot with the id ${bot} is declared under bots.`);
  }
  if (app.kind === 'builder' && app.bots.length === 0) {
    faults.push('bots: is empty, so the app could not use any bot; list the ids of its bots.');
  }
  if (app.kind === 'builder' && app.scopes.includes(SCOPE_ADMIN)) {
    faults.push(`scopes: ${SCOPE_ADMIN} reaches every bot; make the app an admin, or leave the scope out.`);
  }
  if (app.kind === 'admin' && app.bots.length > 0) {
    faults.push('bots: an admin app reaches every bot; remove the list, or make the app a builder.');
  }
  if (app.enforceJwe && !context.canDecrypt) {
    faults.push("enforceJwe: needs the platform's private key; set BECKON_PLATFORM_KEY_FILE.");
  }
  return faults;
}

type KeyResult = { readonly value: string } | { readonly fault: string };

function readKey(app: AppSection): KeyResult {
  return app.algorithm === 'HS256' || app.algorithm === 'HS512' ? readSharedSecret(app) : readPublicKey(app);
}

const SECRET_BYTES: Readonly<Record<string, number>> = { HS256: 32, HS512: 64 };
const FEWEST_DIFFERENT_CHARACTERS = 8;
const NEW_SECRET = 'Make one with: openssl rand -base64 48';

function readSharedSecret({ algorithm, clientSecret, publicKey }: AppSection): KeyResult {
  if (publicKey !== undefined)
    return { fault: `publicKey: ${algorithm} takes a clientSecret instead; remove this key.` };
  if (clientSecret === undefined) return { fault: `clientSecret: is missing; ${algorithm} needs one. ${NEW_SECRET}` };
  const leastBytes = SECRET_BYTES[algorithm] ?? 64;
  if (Buffer.byteLength(clientSecret) < leastBytes) {
    return { fault: `clientSecret: is too short for ${algorithm}, which needs ${leastBytes} bytes. ${NEW_SECRET}` };
  }
  if (new Set(clientSecret).size < FEWEST_DIFFERENT_CHARACTERS) {
    return { fault: `clientSecret: repeats itself and can be guessed. ${NEW_SECRET}` };
  }
  return { value: clientSecret };
}

const SMALLEST_RSA_BITS = 2048;

function readPublicKey({ algorithm, clientSecret, publicKey }: AppSection): KeyResult {
  if (clientSecret !== undefined)
    return { fault: `clientSecret: ${algorithm} takes a publicKey instead; remove this key.` };
  if (publicKey === undefined)
    return { fault: `publicKey: is missing; ${algorithm} needs an RSA public key in PEM form.` };
  if (publicKey.includes('PRIVATE KEY')) {
    return { fault: 'publicKey: this is a private key. Take its public half: openssl pkey -in key.pem -pubout' };
  }
  const key = parsePublicKey(publicKey);
  if (key?.asymmetricKeyType !== 'rsa') return { fault: 'publicKey: this is not an RSA public key in PEM form.' };
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < SMALLEST_RSA_BITS) {
    return {
      fault: `publicKey: has ${bits} bits and needs at least ${SMALLEST_RSA_BITS}. Make a pair with: openssl genrsa 3072`,
    };
  }
  return { value: key.export({ type: 'spki', format: 'pem' }).toString() };
}

function parsePublicKey(pem: string): KeyObject | null {
  try {
    return createPublicKey(pem);
  } catch {
    return null;
  }
}
