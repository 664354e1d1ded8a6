import { serveBroken } from './broken-server.ts';
import { weakenSqlite } from './weaken.ts';

/** A server with one deliberate fault: it answers when SQLite has written, not when the disk has. */
weakenSqlite('NORMAL');
await serveBroken((store) => store);
