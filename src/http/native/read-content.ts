import type { Content } from '../../model/message.ts';
import { readMessage } from '../../render/message.ts';
import type { SendBody } from './send-body.ts';
import { wrong } from './wrong.ts';

export function readContent(message: SendBody['message'], place: string): Content {
  if (message === undefined) throw wrong(place, 'is missing; say it there, or name a template');
  if (message.type === 'native') return { type: 'native', payload: message.payload };
  const reading = readMessage(message.type, message.val);
  if (!reading.ok) throw wrong(`${place}/val`, reading.fault);
  return reading.message;
}
