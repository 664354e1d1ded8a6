import { slackUserId } from './ids.ts';
import type { SlackPerson } from './people.ts';

export const TEAM = { id: 'T0SANDBOX', name: 'Sandbox' };

export function userIdOf({ id, match }: SlackPerson): string {
  return id ?? (match.includes('@') ? slackUserId(match) : match);
}

/** The id of the conversation with a user never changes, so it is made of the user's. */
export function directMessageOf(person: SlackPerson): string {
  return `D${userIdOf(person)}`;
}

/** A user object, with what a bot that may read addresses is shown. */
export function toUser(person: SlackPerson) {
  const name = person.name ?? person.match.split('@', 1)[0] ?? person.match;
  return {
    id: userIdOf(person),
    team_id: TEAM.id,
    name,
    real_name: name,
    deleted: person.state === 'deleted',
    is_bot: false,
    is_restricted: person.state === 'guest',
    profile: { real_name: name, display_name: name, email: person.match },
  };
}
