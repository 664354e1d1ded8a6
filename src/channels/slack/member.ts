import { isJsonObject } from '../../model/json.ts';

/** A user object of Slack's, as far as it matters to who wants to write to them. */
export interface Member {
  readonly id: string;
  /** Lower-case; null without the scope users:read.email. */
  readonly email: string | null;
  readonly isDeleted: boolean;
  /** False for people who left, guests, bots, and strangers from another workspace: they count as absent. */
  readonly isReachable: boolean;
}

/** Null for what is no user object. */
export function readMember(user: unknown): Member | null {
  if (!isJsonObject(user)) return null;
  const { id, profile, deleted } = user;
  if (typeof id !== 'string' || !USER_ID.test(id)) return null;
  const email = isJsonObject(profile) ? profile['email'] : null;
  return {
    id,
    email: typeof email === 'string' && email.includes('@') ? normaliseEmail(email) : null,
    isDeleted: deleted === true,
    isReachable: deleted !== true && id !== SLACKBOT && !UNREACHABLE.some((flag) => user[flag] === true),
  };
}

export const normaliseEmail = (email: string): string => email.trim().toLowerCase();

/** `W…` are people of an Enterprise Grid. */
const USER_ID = /^[UW][A-Za-z0-9]{1,500}$/;
/** The one bot that is not called one. */
const SLACKBOT = 'USLACKBOT';
const UNREACHABLE = ['is_bot', 'is_restricted', 'is_ultra_restricted', 'is_stranger'] as const;
