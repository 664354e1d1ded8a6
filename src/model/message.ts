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

export type Parameters = Readonly<Record<string, string>>;

/** A webhook carries any JSON; the other channels need an object. */
export type Payload = Json;
