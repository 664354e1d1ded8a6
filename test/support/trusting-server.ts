import { Exchange } from '../../src/channels/exchange.ts';
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
const { onResponseStart } = Exchange.prototype;
Exchange.prototype.onResponseStart = function onTrustedStart(controller, status, headers) {
  onResponseStart.call(this, controller, status, headers);
  if (status < 200 || status >= 300) return;
  this.onResponseData(controller, Buffer.from(MADE_UP));
  this.onResponseEnd();
};
await serveBroken((store) => store);
