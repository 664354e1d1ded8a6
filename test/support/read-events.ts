import { readEvents } from '../../src/client/event-lines.ts';
import type { ProgressDocument } from '../../src/client/notification-documents.ts';

export interface OpenEvents {
  readonly response: Response;
  /** Null: the stream has ended. */
  next(): Promise<{ readonly id: string; readonly event: string; readonly data: ProgressDocument } | null>;
  /** The next line that is only there so that somebody hears something. */
  comment(): Promise<string>;
  close(): void;
}

/** One stream of events as it comes, without anything that would connect again. */
export async function openEvents(url: string, headers: Record<string, string>): Promise<OpenEvents> {
  const left = new AbortController();
  const response = await fetch(url, { headers, signal: left.signal });
  let heard: (line: string) => void = () => {};
  const events = readEvents(response.body ?? new Blob([]).stream(), (line) => {
    if (line.startsWith(':')) heard(line);
  });
  let next = events.next();
  return {
    response,
    async next() {
      const { value } = await next;
      next = events.next();
      next.catch(() => {});
      return value === undefined ? null : { ...value, data: JSON.parse(value.data) };
    },
    comment: () =>
      new Promise((resolve) => {
        heard = resolve;
      }),
    close: () => left.abort(),
  };
}
