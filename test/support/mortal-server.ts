import { Client } from 'pg';
import type { SendRequest } from '../../src/channels/contract.ts';
import { ivr } from '../../src/channels/ivr.ts';
import { serveBroken } from './broken-server.ts';

/** A server that one message ends at once. With `--drain-ms 1` it has another fault: who died with a batch is not counted. */
const POISON = 'person-137@example.com';
const { open } = ivr;
Object.defineProperty(ivr, 'open', {
  value: (...parts: Parameters<typeof open>) => {
    const session = open(...parts);
    return {
      ...session,
      send: (request: SendRequest) => {
        if (request.identity === POISON) process.kill(process.pid, 'SIGKILL');
        return session.send(request);
      },
      check: (signal: AbortSignal) => session.check(signal),
      close: () => session.close(),
    };
  },
});
if (process.argv.includes('--drain-ms')) forgetDeaths();
await serveBroken((store) => store);

function forgetDeaths(): void {
  const query: (...args: unknown[]) => unknown = Client.prototype.query;
  Object.defineProperty(Client.prototype, 'query', {
    value: function queryForgetful(this: Client, statement: unknown, ...rest: unknown[]) {
      const isNamed = typeof statement === 'object' && statement !== null && 'text' in statement;
      const forgetful = isNamed ? { ...statement, text: withoutCount(String(statement.text)) } : statement;
      return query.call(this, forgetful, ...rest);
    },
  });
}

function withoutCount(sql: string): string {
  return sql.replace('takeovers = takeovers + CASE WHEN owner IS NULL THEN 0 ELSE 1 END', 'takeovers = takeovers');
}
