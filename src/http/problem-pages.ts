import { readFile } from 'node:fs/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from './faults.ts';

const PAGE = new URL('../../docs/problems.md', import.meta.url);

/** What a problem's `docs` leads to: the section of docs/problems.md about its code. */
export async function showProblemPage(
  request: FastifyRequest<{ Params: { readonly code: string } }>,
  reply: FastifyReply,
): Promise<string> {
  const page = await readFile(PAGE, 'utf8');
  const section = page.split(/^(?=## )/m).find((part) => part.startsWith(`## ${request.params.code}\n`));
  if (section === undefined) throw new Fault('route_unknown');
  reply.type('text/markdown; charset=utf-8');
  return section;
}
