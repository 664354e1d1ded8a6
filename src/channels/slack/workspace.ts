import type { JsonObject } from '../../model/json.ts';
import { judgeRefusal } from './refusals.ts';
import type { SlackWebApi } from './web-api.ts';

/** Slack waits three seconds for a reply to an event. */
const DEADLINE_MS = 2_000;

/** `dead`: Slack refuses our token, so there is nothing to compare with. `unknown`: it could not be asked. */
export type Belonging = 'ours' | 'foreign' | 'dead' | 'unknown';

/** The workspace a token belongs to: as configured, or as Slack says when it is first asked. */
export class Workspace {
  readonly #api: SlackWebApi;
  #teamId: string | null;

  constructor(api: SlackWebApi, teamId: string | null) {
    this.#api = api;
    this.#teamId = teamId;
  }

  /** Whether an event's envelope is about it. A token of a whole Enterprise Grid belongs to the enterprise (`E…`). */
  async isAbout({ team_id: team, enterprise_id: enterprise }: JsonObject, signal: AbortSignal): Promise<Belonging> {
    const ours = this.#teamId ?? (await this.#ask(AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)])));
    if (ours === 'dead' || ours === 'unknown') return ours;
    return team === ours || enterprise === ours ? 'ours' : 'foreign';
  }

  async #ask(signal: AbortSignal): Promise<string> {
    const answer = await this.#api.call('auth.test', {}, { signal });
    if (answer.kind === 'ok') {
      const teamId = answer.body['team_id'];
      if (typeof teamId !== 'string' || teamId === '') return 'unknown';
      this.#teamId = teamId;
      return teamId;
    }
    const refusal = judgeRefusal(answer, { isSend: false, now: 0, secrets: [] });
    return answer.kind === 'no' && refusal.kind === 'rejected' && refusal.scope === 'connection' ? 'dead' : 'unknown';
  }
}
