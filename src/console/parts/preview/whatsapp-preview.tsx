import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts';
import { numbered } from '../numbered.ts';
import { JsonView } from './json-view.tsx';
import type { PreviewProps } from './message-preview.tsx';

/** As WhatsApp shows it. The words of a template are known to Meta alone, so its parameters stand for it. */
export function WhatsAppPreview({ message }: PreviewProps) {
  if (message.type === 'text') return <Bubble text={message.val} />;
  const { payload } = message;
  const { type } = payload;
  const content = typeof type === 'string' ? payload[type] : undefined;
  if (!isJsonObject(content)) return <JsonView value={payload} />;
  if (type === 'text') return <Bubble text={textOf(content['body'])} />;
  if (type === 'template') return <Template template={content} />;
  if (type === 'interactive') return <Interactive content={content} />;
  if (typeof type === 'string' && MEDIA.has(type))
    return <Bubble media={type} text={textOf(content['caption'] ?? content['filename'])} />;
  return <JsonView value={payload} />;
}

const MEDIA: ReadonlySet<string> = new Set(['image', 'video', 'document', 'audio', 'sticker']);

interface BubbleProps {
  readonly media?: string;
  readonly head?: string;
  readonly text: string;
  readonly foot?: string;
  readonly buttons?: readonly string[];
}

function Bubble({ media, head, text, foot, buttons = [] }: BubbleProps) {
  return (
    <div className="preview-whatsapp">
      <div className="preview-whatsapp-bubble">
        {media !== undefined && <div className="preview-media">{media}</div>}
        {head && <p className="preview-whatsapp-head">{head}</p>}
        {text !== '' && <p>{text}</p>}
        {foot && <p className="preview-whatsapp-foot">{foot}</p>}
      </div>
      {numbered(buttons).map(({ at, item }) => (
        <div className="preview-whatsapp-button" key={at}>
          {item}
        </div>
      ))}
    </div>
  );
}

function Template({ template }: { readonly template: JsonObject }) {
  const language = isJsonObject(template['language']) ? textOf(template['language']['code']) : '';
  const values = listOf(template['components']).flatMap((component) =>
    listOf(component['parameters']).map((parameter) => ({
      place: textOf(component['type']),
      text: textOf(parameter['text']) || textOf(parameter['type']),
    })),
  );
  return (
    <div className="preview-whatsapp">
      <div className="preview-whatsapp-bubble">
        <p className="preview-whatsapp-head">
          Approved template <span className="mono">{textOf(template['name'])}</span> · {language}
        </p>
        {values.length === 0 ? (
          <p>It has no parameters.</p>
        ) : (
          <ol className="preview-whatsapp-values">
            {numbered(values).map(({ at, item: { place, text } }) => (
              <li key={at}>
                <span className="quiet">{place}</span> {text}
              </li>
            ))}
          </ol>
        )}
      </div>
    </div>
  );
}

function Interactive({ content }: { readonly content: JsonObject }) {
  const partOf = (key: string) => (isJsonObject(content[key]) ? textOf(content[key]['text']) : '');
  const action = isJsonObject(content['action']) ? content['action'] : {};
  const replies = listOf(action['buttons']).map(({ reply }) => (isJsonObject(reply) ? textOf(reply['title']) : ''));
  const list = textOf(action['button']);
  const buttons = list === '' ? replies : [list];
  return <Bubble head={partOf('header')} text={partOf('body')} foot={partOf('footer')} buttons={buttons} />;
}

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const listOf = (value: Json | undefined): JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : []);
