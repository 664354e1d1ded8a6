import { Client } from 'pg';
import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: a lease that was lost to another is still believed in. */
const query: (...args: unknown[]) => unknown = Client.prototype.query;
Object.defineProperty(Client.prototype, 'query', {
  value: function queryUnfenced(this: Client, statement: unknown, ...rest: unknown[]) {
    const isNamed = typeof statement === 'object' && statement !== null && 'text' in statement;
    const unfenced = isNamed ? { ...statement, text: withoutFence(String(statement.text)) } : statement;
    return query.call(this, unfenced, ...rest);
  },
});
await serveBroken((store) => store);

function withoutFence(sql: string): string {
  return sql
    .replace('(bot_id, notification_id, batch_no, token) IN', '(bot_id, notification_id, batch_no) IN')
    .replace(
      'SELECT held.bot_id, held.notification_id, held.batch_no, held.token',
      'SELECT held.bot_id, held.notification_id, held.batch_no',
    )
    .replace('AND batches.token = held.token', '')
    .replace(/batches\.token AS token$/, (found) => (sql.includes('held(') ? 'held.token AS token' : found));
}
