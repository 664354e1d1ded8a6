import {
  DiagLogLevel,
  diag,
  type Span as OtelSpan,
  SpanKind as OtelSpanKind,
  type Tracer as OtelTracer,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { systemClock } from '../model/clock.ts';
import type { Logger } from '../model/logger.ts';
import type { Span, SpanFacts, SpanKind } from '../model/tracer.ts';
import type { Environment, OpenTracer } from './open-tracer.ts';
import { readSampler } from './sampler.ts';

const KINDS: Readonly<Record<SpanKind, OtelSpanKind>> = {
  server: OtelSpanKind.SERVER,
  consumer: OtelSpanKind.CONSUMER,
  client: OtelSpanKind.CLIENT,
};
/** A collector that is away keeps no server from stopping. */
const CLOSE_MS = 3_000;

/** The exporter itself reads `OTEL_EXPORTER_OTLP_…`: where to, with which headers, for how long. */
export function startSdk(env: Environment, logger: Logger): OpenTracer {
  const sampler = readSampler(env);
  const tell = (message: string) => logger.warn('traces not sent', { detail: message.slice(0, 300) });
  hear(tell);
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'beckon' }))
      .merge(detectResources({ detectors: [envDetector] })),
    sampler,
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  const tracer = provider.getTracer('beckon');
  return {
    start(name, kind, parent, facts) {
      const span = startSpan(tracer, name, kind, parent, facts);
      return span.isRecording() ? new SdkSpan(tracer, span) : null;
    },
    async close() {
      const patience = new Promise<void>((resolve) => systemClock.after(CLOSE_MS, resolve));
      const sent = provider.shutdown().catch((error: unknown) => tell(String(error)));
      await Promise.race([sent, patience]);
      diag.disable();
    },
  };
}

class SdkSpan implements Span {
  readonly traceparent: string;
  readonly #tracer: OtelTracer;
  readonly #span: OtelSpan;

  constructor(tracer: OtelTracer, span: OtelSpan) {
    this.#tracer = tracer;
    this.#span = span;
    const { traceId, spanId, traceFlags } = span.spanContext();
    this.traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
  }

  child(name: string, kind: SpanKind, facts: SpanFacts): Span {
    return new SdkSpan(this.#tracer, startSpan(this.#tracer, name, kind, this.traceparent, facts));
  }

  end(facts: SpanFacts, fault: string | null = null): void {
    this.#span.setAttributes(facts);
    if (fault !== null) this.#span.setAttribute('error.type', fault).setStatus({ code: SpanStatusCode.ERROR });
    this.#span.end();
  }
}

function startSpan(
  tracer: OtelTracer,
  name: string,
  kind: SpanKind,
  parent: string | null,
  facts: SpanFacts,
): OtelSpan {
  return tracer.startSpan(
    name,
    { kind: KINDS[kind], attributes: facts },
    parent === null ? ROOT_CONTEXT : within(parent),
  );
}

function within(traceparent: string) {
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-');
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
  });
}

/** What the SDK complains of: that spans were dropped, or that the collector does not take them. */
function hear(tell: (message: string) => void): void {
  const nothing = () => {};
  const heard = { error: tell, warn: tell, info: nothing, debug: nothing, verbose: nothing };
  diag.setLogger(heard, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}
