import type { Json, JsonObject } from './json.ts';

/**
 * What the caller asked to say. `text` is plain text, `native` a payload in the channel's own format (Bot Framework
 * activity, Slack message, any JSON for a webhook). Both may hold `{name}` tokens, filled per recipient.
 */
export type Message = TextMessage | NativeMessage;

export interface TextMessage {
  readonly type: 'text';
  readonly text: string;
}

export interface NativeMessage {
  readonly type: 'native';
  readonly payload: JsonObject;
}

/** JavaScript that is run for each recipient; what it prints is that recipient's message. */
export interface Script {
  readonly type: 'script';
  readonly source: string;
}

/** The same in several languages; each recipient gets the one that is closest to what they speak. */
export interface Localised {
  readonly type: 'localised';
  /** By language tag (BCP 47). */
  readonly variants: Readonly<Record<string, Message>>;
  /** The tag of the one for whoever speaks none of them. */
  readonly default: string;
}

/** What a notification says: the message itself, or what makes one for each recipient. Channels see messages only. */
export type Content = Message | Script | Localised;

export type Parameters = Readonly<Record<string, string>>;

/** A webhook carries any JSON; the other channels need an object. */
export type Payload = Json;
