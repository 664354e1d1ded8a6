/**
 * Provider ids that carry whom they stand for, with a checksum. The simulators need no table of ids, so a conversation
 * made before a restart still works, and the ledger can always name the person.
 */
export interface ConversationParts {
  readonly member: string;
  readonly tenantId: string;
  /** Raised when the person's conversation is made anew; ids of an earlier one are gone. */
  readonly generation: number;
}

const CHECK_LENGTH = 6;
const GOOGLE_DM = 'spaces/dm-';
const SLACK_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The Teams conversation id (`a:1…`) of a bot's chat with a member. */
export function teamsConversationId(appId: string, { member, tenantId, generation }: ConversationParts): string {
  const payload = `${generation}\n${tenantId}\n${member}`;
  return `a:1${checksum(appId + payload)}${Buffer.from(payload).toString('base64url')}`;
}

/** Null for an id that this bot was never given: made up, cut, or another bot's. */
export function openTeamsConversationId(appId: string, id: string): ConversationParts | null {
  if (!id.startsWith('a:1')) return null;
  const payload = Buffer.from(id.slice(3 + CHECK_LENGTH), 'base64url').toString('utf8');
  if (checksum(appId + payload) !== id.slice(3, 3 + CHECK_LENGTH)) return null;
  const [generation, tenantId, member] = payload.split('\n');
  if (generation === undefined || tenantId === undefined || member === undefined) return null;
  return { member, tenantId, generation: Number(generation) };
}

/** The same chat by the id Graph gives it. */
export function teamsChatId(objectId: string, appId: string): string {
  return `19:${objectId}_${appId}@unq.gbl.spaces`;
}

/** Null for any other id. */
export function openTeamsChatId(id: string): { readonly objectId: string; readonly appId: string } | null {
  const [, objectId, appId] = /^19:([^_]+)_([^@]+)@unq\.gbl\.spaces$/.exec(id) ?? [];
  return objectId === undefined || appId === undefined ? null : { objectId, appId };
}

/** The Slack user id (`U…`) of an e-mail address; its direct message is the same with a `D`. */
export function slackUserId(email: string): string {
  const payload = email.toLowerCase();
  return `U${slackChecksum(payload)}${toBase32(Buffer.from(payload))}`;
}

/** The e-mail address behind a user or DM id made by `slackUserId`; null for any other id. */
export function openSlackId(id: string): string | null {
  const payload = fromBase32(id.slice(1 + CHECK_LENGTH)).toString('utf8');
  return slackChecksum(payload) === id.slice(1, 1 + CHECK_LENGTH) ? payload : null;
}

/** The space (`spaces/dm-…`) of a Google user's direct message with the app. */
export function googleSpaceId(user: string): string {
  return `${GOOGLE_DM}${checksum(user)}${Buffer.from(user).toString('base64url')}`;
}

/** The user (`users/…`) behind a space made by `googleSpaceId`; null for any other space. */
export function openGoogleSpaceId(space: string): string | null {
  if (!space.startsWith(GOOGLE_DM)) return null;
  const user = Buffer.from(space.slice(GOOGLE_DM.length + CHECK_LENGTH), 'base64url').toString('utf8');
  return googleSpaceId(user) === space ? user : null;
}

/** FNV-1a, 32 bits: cheap enough for every call, and all it must tell apart is real ids from made-up ones. */
function fnv1a(payload: string): number {
  let sum = 0x811c9dc5;
  for (let index = 0; index < payload.length; index++) sum = Math.imul(sum ^ payload.charCodeAt(index), 0x01000193);
  return sum >>> 0;
}

function checksum(payload: string): string {
  return (fnv1a(payload) % 36 ** CHECK_LENGTH).toString(36).padStart(CHECK_LENGTH, '0');
}

function slackChecksum(payload: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(fnv1a(payload));
  return toBase32(bytes).slice(0, CHECK_LENGTH);
}

function toBase32(bytes: Buffer): string {
  let digits = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value & 0x1f) << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      digits += SLACK_ALPHABET.charAt((value >> bits) & 0x1f);
    }
  }
  return bits === 0 ? digits : digits + SLACK_ALPHABET.charAt((value << (5 - bits)) & 0x1f);
}

function fromBase32(digits: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const digit of digits) {
    value = ((value & 0xff) << 5) | Math.max(0, SLACK_ALPHABET.indexOf(digit));
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >> bits) & 0xff);
  }
  return Buffer.from(bytes);
}
