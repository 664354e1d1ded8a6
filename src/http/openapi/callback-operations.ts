import { Type } from 'typebox';
import { CONNECTION_ID, closed } from '../contract/fields.ts';
import type { Operation } from '../contract/operation.ts';

const TEXT = Type.String({ description: "What the provider's rules ask for." });
const WORDS = { 'text/plain': TEXT, 'text/html': TEXT, 'application/json': TEXT, 'text/xml': TEXT };

const callback = (id: string, summary: string): Operation => ({
  id,
  tag: 'callbacks',
  summary,
  description:
    'The body is the provider’s own and is believed only after the provider’s own signature was checked. Which replies there are is for each provider to say.',
  scope: null,
  params: closed({ connectionId: CONNECTION_ID }),
  replies: {
    200: { description: 'What it told is durable.', content: WORDS },
    400: { description: 'It is not what the provider sends.', content: WORDS },
    401: { description: 'The signature does not match.', content: WORDS },
    403: { description: 'The connection is not set up to be told anything.', content: WORDS },
    404: { description: 'No connection listens here.', content: WORDS },
    405: { description: 'The provider does not call so.', content: WORDS },
    413: { description: 'It is longer than anything the provider sends.', content: WORDS },
    415: { description: 'It is not the kind of body the provider sends.', content: WORDS },
    503: { description: 'It cannot be checked just now: send it again later.', content: WORDS },
  },
  faults: ['callback_unknown', 'callbacks_busy', 'body_too_large', 'body_too_slow'],
});

/** Where providers call, by `METHOD url`. */
export const CALLBACK_OPERATIONS: Readonly<Record<string, Operation>> = {
  'GET /channels/:connectionId/events': callback('confirmEvents', 'A provider asks whether it may send events here'),
  'POST /channels/:connectionId/events': callback('receiveEvents', 'A provider tells of people'),
  'GET /channels/:connectionId/receipts': callback(
    'confirmReceipts',
    'A provider asks whether it may send receipts here',
  ),
  'POST /channels/:connectionId/receipts': callback('receiveReceipts', 'A provider tells what became of messages'),
};
