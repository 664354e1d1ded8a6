import { useEffect, useRef } from 'react';
import { pageNonce } from '../style-nonce.ts';
import { JsonView } from './json-view.tsx';
import { mailDocument } from './mail-document.ts';
import type { PreviewProps } from './message-preview.tsx';

/** As a mail program shows it. */
export function MailPreview({ message }: PreviewProps) {
  if (message.type === 'text') return <Mail subject={firstLine(message.val)} text={message.val} html={null} />;
  const { subject, text, html } = message.payload;
  const [body, markup] = [text, html].map((part) => (typeof part === 'string' && part !== '' ? part : null));
  if (body === undefined || markup === undefined || (body === null && markup === null))
    return <JsonView value={message.payload} />;
  return <Mail subject={typeof subject === 'string' ? subject : ''} text={body} html={markup} />;
}

interface MailProps {
  readonly subject: string;
  readonly text: string | null;
  readonly html: string | null;
}

function Mail({ subject, text, html }: MailProps) {
  return (
    <div className="preview-mail">
      <p className="preview-mail-subject">{subject === '' ? <span className="quiet">No subject</span> : subject}</p>
      {html === null ? <p className="preview-mail-text">{text}</p> : <MailFrame html={html} />}
      {html !== null && text !== null && (
        <details className="preview-mail-plain">
          <summary>As plain text</summary>
          <p className="preview-mail-text">{text}</p>
        </details>
      )}
    </div>
  );
}

function MailFrame({ html }: { readonly html: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  // Not as an attribute: it would be turned into text on the way, which no frame takes for a document here.
  useEffect(() => {
    if (frame.current !== null) frame.current.srcdoc = mailDocument(html, pageNonce(document) ?? '');
  }, [html]);
  return <iframe ref={frame} className="preview-mail-frame" title="The mail" sandbox="" />;
}

/** The server takes a subject from the settings, or else from here. */
const firstLine = (text: string): string => text.split('\n', 1)[0]?.trim() ?? '';
