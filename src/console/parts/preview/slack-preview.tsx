import { type Block, Message } from 'slack-blocks-to-jsx';
import { isJsonObject } from '../../../model/json.ts';
import { useAppearance } from '../appearance.tsx';
import { withoutMedia } from './inert.ts';
import { JsonView } from './json-view.tsx';
import type { PreviewProps } from './message-preview.tsx';
import 'slack-blocks-to-jsx/dist/style.css';

/** As Slack shows its blocks. */
export default function SlackPreview({ message }: PreviewProps) {
  const { shown } = useAppearance();
  if (message.type === 'text') return null;
  const { blocks, attachments } = message.payload;
  const inert = withoutMedia(Array.isArray(blocks) ? blocks.filter(isJsonObject) : []);
  return (
    <>
      <Message
        // The renderer passes over what it does not know.
        blocks={inert as unknown as Block[]}
        logo="/beckon.svg"
        name="Your app"
        theme={shown}
        withoutWrapper
        hooks={{
          link: ({ children, href }) => (
            <span className="preview-link" title={href}>
              {children}
            </span>
          ),
        }}
      />
      {Array.isArray(attachments) && <JsonView value={attachments} label="Attachments as JSON" />}
    </>
  );
}
