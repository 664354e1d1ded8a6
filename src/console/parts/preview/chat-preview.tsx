import { JsonView } from './json-view.tsx';
import type { PreviewProps } from './message-preview.tsx';

/** A text in a bubble; what else there is to it, as it is. */
export function ChatPreview({ message }: PreviewProps) {
  if (message.type === 'text') return <Bubble text={message.val} />;
  const { text, ...rest } = message.payload;
  return (
    <>
      {typeof text === 'string' && <Bubble text={text} />}
      {Object.keys(rest).length > 0 && <JsonView value={rest} />}
    </>
  );
}

export function Bubble({ text }: { readonly text: string }) {
  return <p className="preview-bubble">{text}</p>;
}
