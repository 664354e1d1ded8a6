/** What a caller may expect of the API, in as few words as will do: everything that is kept here is what was asked. */
export interface ApiModel {
  readonly notifications: Expected[];
  /** By route and key: the body it was used with first, and which notification came of it. */
  readonly keys: Map<string, { readonly body: string; readonly index: number }>;
  /** By e-mail. */
  readonly people: Map<string, string | null>;
  /** Numbers that are not written to. */
  readonly silenced: Set<string>;
  isUp: boolean;
  /** Kore calls since time leapt or the server came up. */
  calls: number;
  leaps: number;
}

export interface Expected {
  readonly identities: readonly string[];
  readonly channel: 'ivr' | 'sms';
  readonly states: ExpectedState[];
  /** Everybody's delivery was seen to have ended. */
  isOver: boolean;
  /** The provider was down at first, so nobody can tell how often it was tried. */
  hasWaited: boolean;
}

export type ExpectedState = 'delivered' | 'waiting' | 'expired' | 'suppressed';

/** Of all Kore routes together. By the hour, so that no run is so slow that calls leave the window by themselves. */
export const CALLS_PER_HOUR = 30;

/** A day passes twice at most: after three, keys are forgotten at any time. And nobody is tried more than twelve times. */
export const MAX_LEAPS = 2;

export const emptyModel = (): ApiModel => ({
  notifications: [],
  keys: new Map(),
  people: new Map(),
  silenced: new Set(),
  isUp: true,
  calls: 0,
  leaps: 0,
});
