import { fileURLToPath } from 'node:url';
import type { BeckonProcess } from '../support/beckon.ts';
import { bodyOf, openHookStage, pathOf } from '../support/hook-stage.ts';
import { startPostgres } from '../support/postgres.ts';
import type { Fault, Finding } from './fault.ts';

export const sharedCallLimits: Fault = {
  id: 'F21',
  title: 'limits on calls over 3 nodes, one of them killed',
  isPatient: true,
  run: () => callTooOften({ perMinute: 600 }),
  control: () => callTooOften({ perMinute: 100, script: FORGETFUL }),
};

const FORGETFUL = fileURLToPath(new URL('../support/forgetful-server.ts', import.meta.url));
const NODES = 3;
const CLIENTS = 12;

interface Answer {
  readonly status: number;
  readonly remaining: number;
}

/** Clients call until all nodes refuse them: as many calls got in as are allowed, and each was told the truth. */
export async function callTooOften(options: {
  readonly perMinute: number;
  readonly script?: string;
}): Promise<Finding> {
  const { perMinute, script } = options;
  const postgres = await startPostgres();
  const stage = await openHookStage({ bots: ['ann'], callLimits: { perMinute, perHour: 18_000 } });
  try {
    const database = await postgres.createDatabase();
    const start = () => stage.start(['--database', database], script);
    const nodes = await Promise.all(Array.from({ length: NODES }, start));
    const answers: Answer[] = [];
    const startedAt = performance.now();
    const callAll = (calls: number, from: readonly BeckonProcess[]) =>
      Promise.all(
        Array.from({ length: CLIENTS }, async (_, client) => {
          for (let call = client; call < calls; call += CLIENTS) {
            answers.push(await callOnce(stage.token, from[call % from.length]?.url ?? '', call));
          }
        }),
      );
    await callAll(Math.floor(perMinute / 2), nodes);
    await nodes[0]?.kill();
    await callAll(perMinute, nodes.slice(1));
    const lastedMs = performance.now() - startedAt;
    const admitted = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 429).length;
    const told = new Set(admitted.map(({ remaining }) => remaining)).size;
    return {
      figure: `${answers.length} calls in ${(lastedMs / 1_000).toFixed(1)} s to ${NODES} nodes, allowed ${perMinute} a minute: ${admitted.length} admitted, ${refused} refused, ${told} different numbers of calls left`,
      bar: `${perMinute} admitted, the others refused, as many different numbers left`,
      ok: admitted.length === perMinute && refused === answers.length - perMinute && told === perMinute,
    };
  } finally {
    await stage.close();
    await postgres.stop();
  }
}

async function callOnce(token: string, url: string, call: number): Promise<Answer> {
  const response = await fetch(`${url}${pathOf({ bot: 'ann' })}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', auth: token },
    body: bodyOf({ bot: 'ann', text: `call ${call}`, people: 1 }),
  });
  await response.body?.cancel();
  return { status: response.status, remaining: Number(response.headers.get('ratelimit-remaining')) };
}
