import type { Contender } from './contender.ts';
import { converse } from './processes.ts';
import type { Sends } from './sender.ts';
import { CONCURRENCY, conversationOf, type Fake, fetchJson, PEOPLE, TEXT } from './stage.ts';
import { teamsActivity, teamsPath } from './teams-request.ts';

/** A loop in a process of its own that only sends. */
export async function openBare(fake: Fake): Promise<Contender> {
  const loop = converse('bare-loop.ts', await planSends(fake));
  return {
    deliver: (notifications) => loop.ask<number>(notifications * PEOPLE),
    close: () => loop.end(),
  };
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
