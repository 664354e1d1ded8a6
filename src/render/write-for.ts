import type { Content } from '../model/message.ts';
import type { Recipient } from '../model/notification.ts';
import { fillCustom, fillMessage } from './fill.ts';
import { variantFor } from './languages.ts';
import { type Printed, readPrinted } from './printed.ts';
import type { Escape } from './template.ts';

export interface Reader {
  readonly recipient: Pick<Recipient, 'customMessage' | 'parameters' | 'printed'>;
  /** Null: not known. */
  readonly locale: string | null;
}

/** What one recipient is sent. Of a script, what it printed; run before. */
export function writeFor(content: Content, { recipient, locale }: Reader, escapeValue?: Escape): Printed {
  const { customMessage, parameters, printed } = recipient;
  if (content.type !== 'script') {
    const ofAll = content.type === 'localised' ? variantFor(content, locale) : content;
    return { ok: true, message: fillMessage(ofAll, customMessage, parameters, escapeValue) };
  }
  if (customMessage !== null) {
    return { ok: true, message: fillCustom(content, customMessage, parameters, escapeValue) };
  }
  const written = readPrinted(content, printed ?? '');
  if (!written.ok) return written;
  return { ok: true, message: fillMessage(written.message, null, parameters, escapeValue) };
}
