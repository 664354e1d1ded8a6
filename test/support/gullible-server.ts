import { gunzipSync } from 'node:zlib';
import { AnswerReader } from '../../src/channels/answer-reader.ts';
import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: it reads all there is of an answer, and unpacks what is packed. */
const received = new WeakMap<AnswerReader, Buffer[]>();
const { begin, take } = AnswerReader.prototype;
AnswerReader.prototype.begin = function beginWithoutLimit() {
  received.set(this, []);
  begin.call(this, Number.POSITIVE_INFINITY);
};
AnswerReader.prototype.take = function takeAndUnpack(bytes, end) {
  const chunks = received.get(this) ?? [];
  chunks.push(Buffer.from(bytes.subarray(0, end)));
  const used = take.call(this, bytes, end);
  if (!this.isWhole) return used;
  const all = Buffer.concat(chunks);
  const body = all.subarray(all.indexOf('\r\n\r\n') + 4);
  if (body[0] === 0x1f) this.body = gunzipSync(body).toString();
  return used;
};
await serveBroken((store) => store);
