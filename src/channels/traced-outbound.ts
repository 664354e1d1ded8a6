import type { Span } from '../model/tracer.ts';
import type { Outbound, OutboundCall } from './outbound.ts';

const spans = new WeakMap<AbortSignal, Span>();

/** Calls that end with the signal belong to what the span is about. */
export function traceCalls(signal: AbortSignal, span: Span): void {
  spans.set(signal, span);
}

/** Tells of the calls that belong to something: to whom and how they ended. Paths and bodies name people, and stay here. */
export function tracedOutbound(outbound: Outbound): Outbound {
  return {
    async request(call) {
      const span = spans.get(call.signal)?.child(call.method, 'client', factsOf(call));
      const result = await outbound.request(call);
      if (result.kind !== 'response') span?.end({}, result.kind);
      else
        span?.end({ 'http.response.status_code': result.status }, result.status < 400 ? null : String(result.status));
      return result;
    },
    close: () => outbound.close(),
  };
}

function factsOf({ method, url }: OutboundCall) {
  const { hostname = '' } = URL.parse(url) ?? {};
  return { 'http.request.method': method, 'server.address': hostname };
}
