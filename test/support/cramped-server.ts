import type { Exchange } from '../../src/channels/exchange.ts';
import { ProviderHost } from '../../src/channels/provider-host.ts';
import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: all accounts at one host share as many connections as one of them may use. */
const CONNECTIONS = 32;
const hosts = new WeakMap<ProviderHost, { underWay: number; readonly line: Exchange[] }>();
const { carry } = ProviderHost.prototype;
ProviderHost.prototype.carry = function carryCramped(exchange) {
  const host = hosts.get(this) ?? { underWay: 0, line: [] };
  hosts.set(this, host);
  if (host.underWay >= CONNECTIONS) {
    host.line.push(exchange);
    return;
  }
  host.underWay += 1;
  const { answer, fail } = exchange;
  const leave = () => {
    host.underWay -= 1;
    const next = host.line.shift();
    if (next !== undefined) this.carry(next);
  };
  exchange.answer = (...result) => {
    answer.apply(exchange, result);
    leave();
  };
  exchange.fail = (error) => {
    fail.call(exchange, error);
    leave();
  };
  carry.call(this, exchange);
};
await serveBroken((store) => store);
