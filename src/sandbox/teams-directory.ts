import { hash } from 'node:crypto';
import type { People, TeamsPerson, TeamsState } from './people.ts';

/** A person as Entra and Teams know them. */
export interface TeamsUser {
  readonly person: TeamsPerson;
  readonly objectId: string;
  /** `29:…` */
  readonly teamsId: string;
  /** Null when the person was only ever named by an id. */
  readonly userPrincipalName: string | null;
  readonly mail: string | null;
}

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Gives everybody the ids they were not given: derived from their one name, so the same after a restart, but then known
 * by it only when somebody has asked for that name again.
 */
export class TeamsDirectory {
  readonly #people: People;
  /** One name by derived id. */
  readonly #derived = new Map<string, string>();

  constructor(people: People) {
    this.#people = people;
  }

  /** By Teams id, object id or e-mail. */
  personOf(name: string): TeamsPerson {
    return this.#people.teamsPerson(this.#derived.get(name) ?? name);
  }

  userOf(name: string): TeamsUser {
    const person = this.personOf(name);
    const { match } = person;
    const userPrincipalName = (person.email ?? (match.includes('@') ? match : null))?.toLowerCase() ?? null;
    const objectId = person.aadObjectId ?? (GUID.test(match) ? match : this.#derive(match));
    const teamsId = match.startsWith('29:') ? match : `29:1${objectId}`;
    if (teamsId !== match) this.#derived.set(teamsId, match);
    const mail = (person.mail ?? userPrincipalName)?.toLowerCase() ?? null;
    return { person, objectId, teamsId, userPrincipalName, mail };
  }

  change({ person }: TeamsUser, state: TeamsState): void {
    this.#people.change({ teams: [{ ...person, state }] });
  }

  reset(): void {
    this.#derived.clear();
  }

  #derive(match: string): string {
    const id = hash('sha1', match, 'hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
    this.#derived.set(id, match);
    return id;
  }
}
