import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { postgresDialect } from '../../src/store/dialect.ts';
import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: leases run on whatever the machine says the time is. */
const query: (...args: unknown[]) => unknown = Client.prototype.query;
Object.defineProperty(Client.prototype, 'query', {
  value: function queryByOwnClock(this: Client, statement: unknown, ...rest: unknown[]) {
    const isNamed = typeof statement === 'object' && statement !== null && 'text' in statement;
    if (!isNamed || !String(statement.text).includes(postgresDialect.now)) return query.call(this, statement, ...rest);
    const text = String(statement.text).replaceAll(postgresDialect.now, `${Date.now()}::bigint`);
    // Another text under the name of one that is prepared would be refused.
    return query.call(this, { ...statement, name: undefined, text }, ...rest);
  },
});
const define = DatabaseSync.prototype.function;
Object.defineProperty(DatabaseSync.prototype, 'function', {
  value: function defineByOwnClock(this: DatabaseSync, name: string) {
    define.call(this, name, () => Date.now());
  },
});
await serveBroken((store) => store);
