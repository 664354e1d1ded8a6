import { DatabaseSync } from 'node:sqlite';
import { serveBroken } from './broken-server.ts';
import { delay } from './delay.ts';

/** A server with one deliberate fault: how far it had gathered recipients when it died is forgotten, so it begins anew. */
const database = process.argv[process.argv.indexOf('--database') + 1] ?? '';
const file = new DatabaseSync(database.slice('sqlite:'.length));
const tables = file.prepare("SELECT name FROM sqlite_schema WHERE name = 'audiences'").all();
if (tables.length > 0) file.exec("UPDATE audiences SET progress = '' WHERE state = 'collecting'");
file.close();
await serveBroken((store) => ({
  ...store,
  // Slowly, so that whoever kills it is sure to come in between.
  async advanceAudience(step) {
    const isAdvanced = await store.advanceAudience(step);
    if (isAdvanced) await delay(100);
    return isAdvanced;
  },
}));
