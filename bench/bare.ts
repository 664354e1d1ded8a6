import type { BareRun } from './bare-loop.ts';
import { askScript } from './processes.ts';
import type { Sends } from './sender.ts';
import { CONCURRENCY, conversationOf, type Fake, fetchJson, PEOPLE, TEXT } from './stage.ts';
import { teamsActivity, teamsPath } from './teams-request.ts';

/** Deliveries a second of the bare loop. */
export async function runBare(fake: Fake, sends: number): Promise<number> {
  const run: BareRun = { ...(await planSends(fake)), sends };
  const ms = await askScript<number>('bare-loop.ts', run);
  return Math.round((sends * 1_000) / ms);
}

/** The requests Beckon makes to reach everybody in the directory, ready to be sent. */
export async function planSends(fake: Fake): Promise<Sends> {
  const indexes = Array.from({ length: PEOPLE }, (_, index) => index);
  return {
    origin: fake.urls.base,
    token: await takeToken(fake),
    paths: indexes.map((index) => teamsPath(conversationOf(fake, index))),
    bodies: indexes.map((index) => teamsActivity(fake.credentials.teams.appId, conversationOf(fake, index), TEXT)),
    concurrency: CONCURRENCY,
  };
}

export async function takeToken({ urls, credentials }: Fake): Promise<string> {
  const { appId, appPassword, tenantId } = credentials.teams;
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: appId,
    client_secret: appPassword,
    scope: 'https://api.botframework.com/.default',
  });
  const url = `${urls.login}/${tenantId}/oauth2/v2.0/token`;
  return (await fetchJson<{ access_token: string }>(url, { method: 'POST', body })).access_token;
}
