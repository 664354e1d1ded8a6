import { isJsonObject, type JsonObject } from '../../../model/json.ts';
import { JsonView } from './json-view.tsx';
import type { PreviewProps } from './message-preview.tsx';

/** As a browser shows a notification whose page takes `{notification: {title, body}}`. */
export function PushPreview({ message }: PreviewProps) {
  const shown: JsonObject = message.type === 'text' ? { notification: { body: message.val } } : message.payload;
  const { notification } = shown;
  if (!isJsonObject(notification)) return <JsonView value={shown} />;
  const { title, body } = notification;
  return (
    <div className="preview-push">
      <p className="preview-push-title">{typeof title === 'string' ? title : 'Your page'}</p>
      {typeof body === 'string' && <p>{body}</p>}
    </div>
  );
}
