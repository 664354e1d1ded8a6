import type { Choice } from './audience.ts';
import type { CallbackOptions } from './callback.ts';
import type { FallBack } from './fall-back.ts';
import type { Hours } from './hours.ts';
import type { Canary, PauseWhen } from './rules.ts';
import type { TemplateKey } from './template.ts';

/**
 * What a sender may ask for on the native API beyond what a Kore call can say. One JSON value beside the notification,
 * absent where nothing was asked; whoever reads it takes an absent field for "not asked".
 */
export interface Options {
  /** Nothing is sent before; epoch ms. */
  readonly sendAt?: number;
  /** The channels after the notification's own, in order. */
  readonly fallBacks?: readonly FallBack[];
  /** The notification whose messages are taken back: each recipient's own message is the id of theirs at the provider. */
  readonly recalls?: string;
  /** The notification whose messages are changed to this one's; otherwise the same. */
  readonly edits?: string;
  /** Nobody is sent it outside these hours. */
  readonly window?: Hours;
  /** Nobody is sent it within any of these hours. */
  readonly quietHours?: readonly Hours[];
  /** How those it is for were chosen; absent: all were named. */
  readonly choice?: Choice;
  /** Why those of the bot are not kept. */
  readonly quietHoursOverride?: { readonly reason: string };
  /** What its message was made of. */
  readonly template?: TemplateKey;
  /** What kind of message it is: whoever declined it is not sent it. */
  readonly category?: string;
  /** Why it goes to those as well. */
  readonly preferencesOverride?: { readonly reason: string };
  /** Who is told how far it is. */
  readonly callback?: CallbackOptions;
  /** The first go ahead. */
  readonly canary?: Canary;
  /** The W3C `traceparent` of the call that asked for it: whatever is done for it goes on with that trace. */
  readonly trace?: string;
  /** When too many of it fail. */
  readonly pauseWhen?: PauseWhen;
}

/** It changes messages that are there already, each where it is. */
export const isAmendment = (options: Options | undefined): boolean =>
  options?.recalls !== undefined || options?.edits !== undefined;
