import { lazy, Suspense } from 'react';
import type { NativeMessage, TextMessage } from '../../../client/send-documents.ts';
import type { JsonObject } from '../../../model/json.ts';
import { ErrorBoundary } from '../error-boundary.tsx';
import { Loading } from '../states.tsx';
import { ChatPreview } from './chat-preview.tsx';
import { JsonView } from './json-view.tsx';
import { MailPreview } from './mail-preview.tsx';
import { PushPreview } from './push-preview.tsx';
import { TeamsPreview } from './teams-preview.tsx';
import { WhatsAppPreview } from './whatsapp-preview.tsx';
import './preview.css';

// Its renderer is larger than all the rest of the console.
const SlackPreview = lazy(() => import('./slack-preview.tsx'));

export interface PreviewProps {
  readonly message: TextMessage | NativeMessage;
}

/**
 * A message about as its channel shows it. What it says is somebody else's: it never becomes markup of this page, loads
 * nothing from elsewhere, and its links lead nowhere.
 */
export function MessagePreview({ channel, message }: PreviewProps & { readonly channel: string }) {
  const Preview = PREVIEWS[channel] ?? PlainPreview;
  return (
    <div className="preview" data-channel={channel}>
      <ErrorBoundary resetKey={JSON.stringify(message)}>
        <Suspense fallback={<Loading lines={3} label="Loading the preview" />}>
          <Preview message={message} />
        </Suspense>
      </ErrorBoundary>
    </div>
  );
}

const PREVIEWS: Readonly<Record<string, (props: PreviewProps) => React.ReactNode>> = {
  msteams: TeamsPreview,
  slack: (props) => (isPlain(props) ? <ChatPreview {...props} /> : <SlackPreview {...props} />),
  hangoutchat: ChatPreview,
  whatsapp: WhatsAppPreview,
  sms: ChatPreview,
  email: MailPreview,
  webpush: PushPreview,
};

const isPlain = ({ message }: PreviewProps): boolean =>
  message.type === 'text' || !Array.isArray(message.payload['blocks']);

/** What a program gets. */
function PlainPreview({ message }: PreviewProps) {
  const json: JsonObject = message.type === 'native' ? message.payload : { text: message.val };
  return <JsonView value={json} />;
}
