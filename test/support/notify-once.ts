import { emailOf, type Rehearsal } from './rehearsal.ts';

export interface Answer {
  /** Null: it was not accepted. */
  readonly id: string | null;
  /** Null: there was no answer at all. */
  readonly status: number | null;
  readonly retryAfter: string | null;
  readonly durationMs: number;
}

/** One call, not repeated, whatever becomes of it. */
export async function notifyOnce(
  { token, botId }: Pick<Rehearsal, 'token' | 'botId'>,
  url: string,
  people: number,
  text: string,
): Promise<Answer> {
  const identities = Array.from({ length: people }, (_, index) => emailOf(index));
  const body = { channel: 'msteams', userIdentityType: 'resolve', message: { type: 'text', val: text }, identities };
  const startedAt = performance.now();
  try {
    const response = await fetch(`${url}/api/public/bot/${botId}/notify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', auth: token },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    const id = /"_id":"(ds-[0-9a-f-]+)"/.exec(await response.text())?.[1] ?? null;
    const durationMs = performance.now() - startedAt;
    return { id, status: response.status, retryAfter: response.headers.get('retry-after'), durationMs };
  } catch {
    return { id: null, status: null, retryAfter: null, durationMs: performance.now() - startedAt };
  }
}
