import type { Logger } from '../model/logger.ts';
import type { Tracer } from '../model/tracer.ts';

/** A tracer whose spans are sent on; `close` waits, for a while, until they are. */
export interface OpenTracer extends Tracer {
  close(): Promise<void>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The standard variables of OpenTelemetry switch it on, and say where spans go and how many. Null: they do not, and then
 * nothing of it is loaded.
 */
export async function openTracer(env: Environment, logger: Logger): Promise<OpenTracer | null> {
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (!endpoint || env['OTEL_SDK_DISABLED'] === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none') return null;
  const { startSdk } = await import('./sdk.ts');
  return startSdk(env, logger);
}
