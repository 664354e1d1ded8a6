import { Pool } from 'undici';

export interface SenderOptions {
  readonly origin: string;
  readonly token: string;
  /** How many may be in flight. */
  readonly concurrency: number;
}

/** Requests to a provider, one for each of a directory. */
export interface Sends extends SenderOptions {
  readonly paths: readonly string[];
  readonly bodies: readonly string[];
}

export interface Sender {
  /** Resolves when the provider has accepted the message. */
  send(path: string, body: string): Promise<void>;
  close(): Promise<void>;
}

export function openSender({ origin, token, concurrency }: SenderOptions): Sender {
  const pool = new Pool(origin, { connections: concurrency, pipelining: 1 });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return {
    async send(path, body) {
      const answer = await pool.request({ method: 'POST', path, headers, body });
      await answer.body.text();
      if (answer.statusCode !== 201) throw new Error(`the provider answered ${answer.statusCode}`);
    },
    close: () => pool.close(),
  };
}
