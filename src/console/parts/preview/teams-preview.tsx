import { AdaptiveCard, HostConfig, SerializationContext, Version } from 'adaptivecards';
import { useEffect, useRef } from 'react';
import { isJsonObject, type JsonObject } from '../../../model/json.ts';
import { useAppearance } from '../appearance.tsx';
import { numbered } from '../numbered.ts';
import { Bubble } from './chat-preview.tsx';
import { withoutMedia } from './inert.ts';
import { JsonView } from './json-view.tsx';
import { markedText } from './marked-text.ts';
import type { PreviewProps } from './message-preview.tsx';
import 'adaptivecards/lib/adaptivecards.css';

// Its texts are escaped before a few marks of theirs become tags of ours.
AdaptiveCard.onProcessMarkdown = (text, result) => {
  result.outputHtml = markedText(text);
  result.didProcess = true;
};

const CARD = 'application/vnd.microsoft.card.adaptive';

/** As Teams shows it, cards by their maker's own renderer. */
export function TeamsPreview({ message }: PreviewProps) {
  if (message.type === 'text') return <Bubble text={message.val} />;
  const { text, attachments } = message.payload;
  const attached = Array.isArray(attachments) ? attachments.filter(isJsonObject) : [];
  return (
    <>
      {typeof text === 'string' && <Bubble text={text} />}
      {numbered(attached).map(({ at, item }) =>
        item['contentType'] === CARD && isJsonObject(item['content']) ? (
          <Card key={at} card={item['content']} />
        ) : (
          <JsonView key={at} value={item} label="An attachment as JSON" />
        ),
      )}
      {typeof text !== 'string' && attached.length === 0 && <JsonView value={message.payload} />}
    </>
  );
}

function Card({ card }: { readonly card: JsonObject }) {
  const frame = useRef<HTMLDivElement>(null);
  const { shown } = useAppearance();
  useEffect(() => {
    const place = frame.current;
    if (place === null) return;
    const rendered = new AdaptiveCard();
    rendered.hostConfig = new HostConfig(hostConfigFor(shown));
    // What a card asks of others than us is nothing to this page.
    rendered.onExecuteAction = () => {};
    rendered.onAnchorClicked = () => true;
    rendered.parse(withoutMedia(card), new SerializationContext(new Version(1, 6)));
    const element = rendered.render();
    place.replaceChildren(...(element === undefined ? [] : [element]));
  }, [card, shown]);
  return <div className="preview-card" ref={frame} />;
}

/** Teams' own colours, as its documentation shows them. */
const hostConfigFor = (appearance: 'light' | 'dark') => {
  const [ink, soft] = appearance === 'light' ? ['#242424', '#616161'] : ['#ffffff', '#adadad'];
  const accent = appearance === 'light' ? '#5b5fc7' : '#9299f7';
  const colors = (main: string) => ({ default: main, subtle: main === ink ? soft : main });
  const style = {
    backgroundColor: appearance === 'light' ? '#ffffff' : '#292929',
    foregroundColors: {
      default: colors(ink ?? ''),
      accent: colors(accent),
      good: colors(appearance === 'light' ? '#0b6a0b' : '#92c353'),
      warning: colors(appearance === 'light' ? '#835c00' : '#f2c661'),
      attention: colors(appearance === 'light' ? '#b10e1c' : '#f9526b'),
    },
  };
  const emphasis = { ...style, backgroundColor: appearance === 'light' ? '#f0f0f0' : '#1f1f1f' };
  return {
    fontFamily: '"Segoe UI", "Inter Variable", system-ui, sans-serif',
    fontSizes: { small: 12, default: 14, medium: 16, large: 20, extraLarge: 24 },
    spacing: { small: 4, default: 8, medium: 16, large: 24, extraLarge: 32, padding: 16 },
    separator: { lineThickness: 1, lineColor: appearance === 'light' ? '#e0e0e0' : '#484644' },
    supportsInteractivity: true,
    containerStyles: { default: style, emphasis },
    actions: { actionsOrientation: 'horizontal', actionAlignment: 'left', buttonSpacing: 8, maxActions: 6 },
  };
};
