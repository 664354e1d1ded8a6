import type { FastifyReply } from 'fastify';
import { FAULTS, type Fault } from './faults.ts';

/** Where each code is explained, on the server itself. */
export const PROBLEM_PAGES = '/docs/problems';

/** The RFC 9457 body of a fault on a native route. `code` is stable: clients branch on it, never on the words. */
export function problemOf({ fault, detail, pointer }: Fault): Record<string, string | number> {
  const { status, code, title } = FAULTS[fault].native;
  return {
    type: `urn:beckon:problem:${code}`,
    title,
    status,
    code,
    ...(detail === null ? {} : { detail }),
    ...(pointer === null ? {} : { pointer }),
    docs: `${PROBLEM_PAGES}/${code}`,
  };
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
