import { gunzipSync } from 'node:zlib';
import { Exchange } from '../../src/channels/exchange.ts';
import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: it reads all there is of an answer, and unpacks what is packed. */
const read = new WeakMap<Exchange, Buffer[]>();
/** What is cut off is whole already. */
const NOBODY = Object.assign(Object.create(null), { abort() {} });
const { onResponseData, onResponseEnd } = Exchange.prototype;
Exchange.prototype.onResponseData = function onAllData(_controller, chunk) {
  const chunks = read.get(this) ?? [];
  chunks.push(chunk);
  read.set(this, chunks);
};
Exchange.prototype.onResponseEnd = function onUnpackedEnd() {
  const all = Buffer.concat(read.get(this) ?? []);
  onResponseData.call(this, NOBODY, all[0] === 0x1f ? gunzipSync(all) : all);
  onResponseEnd.call(this);
};
await serveBroken((store) => store);
