import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import type { Environment } from './open-tracer.ts';

/** `OTEL_TRACES_SAMPLER` and its `_ARG`, as the standard names them; rejects what it does not. */
export function readSampler(env: Environment): Sampler {
  const name = env['OTEL_TRACES_SAMPLER'] || 'parentbased_always_on';
  const root = SAMPLERS[name.replace(/^parentbased_/, '')];
  if (root === undefined) {
    const known = Object.keys(SAMPLERS).flatMap((each) => [each, `parentbased_${each}`]);
    throw new BadTracing(`OTEL_TRACES_SAMPLER: "${name}" is no sampler. There are: ${known.join(', ')}.`);
  }
  const sampler = root(env['OTEL_TRACES_SAMPLER_ARG'] || '1');
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root: sampler }) : sampler;
}

/** The environment asks for what there is not. */
export class BadTracing extends Error {
  override readonly name = 'BadTracing';
}

const SAMPLERS: Readonly<Record<string, (argument: string) => Sampler>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (argument) => new TraceIdRatioBasedSampler(readRatio(argument)),
};

function readRatio(text: string): number {
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw new BadTracing(
    `OTEL_TRACES_SAMPLER_ARG: "${text}" is no share of traces; give a number from 0 to 1, such as 0.1.`,
  );
}
