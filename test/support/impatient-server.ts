import { Account } from '../../src/engine/account.ts';
import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: being asked to slow down it goes on as before. */
Account.prototype.slowDown = () => 0;
await serveBroken((store) => store);
