import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { serveBroken } from './broken-server.ts';

/*
 * A server that ends itself by SIGKILL at the nth moment of a rotation of secrets (`--dies-at`): right after a statement
 * that writes them, in the middle of its transaction, and right after a verb that wrote them, before anybody is told.
 * With `--halves on` it has another fault: a data key is wrapped anew in one transaction and named so in the next.
 */
const WRITES = /^(?:UPDATE data_keys|INSERT INTO configured|UPDATE configured_version)/;
const flag = (name: string): string | undefined => process.argv[process.argv.indexOf(name) + 1];
let left = Number(flag('--dies-at'));
const isInHalves = process.argv.includes('--halves');

function pass(): void {
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
}

const { prepare } = DatabaseSync.prototype;
DatabaseSync.prototype.prepare = function prepareDeadly(sql: string) {
  const statement = prepare.call(this, sql);
  if (!WRITES.test(sql)) return statement;
  const { all } = statement;
  Object.defineProperty(statement, 'all', {
    value: (...params: readonly unknown[]) => {
      const rows = Reflect.apply(all, statement, params);
      pass();
      return rows;
    },
  });
  return statement;
};

const query: (...args: unknown[]) => unknown = Client.prototype.query;
Object.defineProperty(Client.prototype, 'query', {
  value: function queryDeadly(this: Client, statement: unknown, ...rest: unknown[]) {
    const answer = query.call(this, statement, ...rest);
    const isNamed = typeof statement === 'object' && statement !== null && 'text' in statement;
    if (isNamed && WRITES.test(String(statement.text))) Promise.resolve(answer).then(pass, () => {});
    return answer;
  },
});

await serveBroken((store) => ({
  ...store,
  async rewrapDataKey({ from, to }) {
    if (isInHalves) await store.rewrapDataKey({ from, to: { ...to, master: from } });
    const isWrapped = await store.rewrapDataKey({ from, to });
    pass();
    return isWrapped;
  },
  async saveConfigured(request) {
    const what = await store.saveConfigured(request);
    pass();
    return what;
  },
}));
