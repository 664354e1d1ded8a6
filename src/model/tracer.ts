/**
 * Follows what a call sets off, up to the providers, for whoever collects traces. A trace goes on where its W3C
 * `traceparent` goes, which is why that is kept with the notification. Nothing here names a person.
 */
export interface Tracer {
  /** Null: nobody collects it. `parent`: a `traceparent`; null: a trace of its own begins. */
  start(name: string, kind: SpanKind, parent: string | null, facts: SpanFacts): Span | null;
}

/** `server`: somebody called us; `consumer`: we took up what was left for later; `client`: we call somebody. */
export type SpanKind = 'server' | 'consumer' | 'client';
export type SpanFacts = Readonly<Record<string, string | number>>;

export interface Span {
  /** For what goes on elsewhere or later. */
  readonly traceparent: string;
  child(name: string, kind: SpanKind, facts: SpanFacts): Span;
  /** `fault`: what went wrong, in a word. */
  end(facts: SpanFacts, fault?: string | null): void;
}

export const silentTracer: Tracer = { start: () => null };

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?=-|$)/;

/** Of a caller's header; null where it is none. Of later versions the standard has us read what there is in the first. */
export function readTraceparent(header: unknown): string | null {
  const [found] = typeof header === 'string' ? (TRACEPARENT.exec(header) ?? []) : [];
  if (found === undefined || (found.startsWith('00') && found !== header)) return null;
  return `00${found.slice(2)}`;
}
