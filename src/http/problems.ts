import type { FastifyReply } from 'fastify';
import { FAULTS, type Fault } from './faults.ts';

/** The RFC 9457 body of a fault on a native route. `code` is stable: clients branch on it, never on the words. */
export function problemOf(fault: Fault): Record<string, string | number> {
  const { status, code, title } = FAULTS[fault.fault].native;
  const problem = { type: `urn:beckon:problem:${code}`, title, status, code };
  return fault.detail === null ? problem : { ...problem, detail: fault.detail };
}

export function sendProblem(reply: FastifyReply, fault: Fault): void {
  const { status } = FAULTS[fault.fault].native;
  const challenge = status === 401 ? { 'www-authenticate': 'Bearer' } : {};
  reply
    .code(status)
    .headers({ ...challenge, ...fault.headers })
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(fault)));
}
