import { AnswerReader } from '../../src/channels/answer-reader.ts';
import { rawAnswer } from '../../src/channels/scripted-server.ts';
import { serveBroken } from './broken-server.ts';

/** A server with one deliberate fault: it believes the first line of an answer, and makes up what should follow. */
const MADE_UP = JSON.stringify({
  id: '1',
  ok: true,
  ts: '1.1',
  name: 'spaces/AAA/messages/one',
  messages: [{ id: 'wamid.HBgLMTU1NTAwMDAwMDE' }],
  sid: `SM${'0'.repeat(32)}`,
});
const FIRST_LINE = /^HTTP\/1\.\d (2\d\d)/;
const { take } = AnswerReader.prototype;
AnswerReader.prototype.take = function takeAtItsWord(bytes, end) {
  const status = FIRST_LINE.exec(bytes.toString('latin1', 0, end))?.[1];
  if (status === undefined) return take.call(this, bytes, end);
  const whole = Buffer.from(rawAnswer(Number(status), MADE_UP));
  take.call(this, whole, whole.length);
  return end;
};
await serveBroken((store) => store);
