import type { JobStatus } from '../../client/kore-documents.ts';
import { summarize } from '../summary.ts';
import type { World } from './world.ts';

const TOKEN_SECONDS = 12 * 3600;

/** What happened, seen from both ends of the wire. */
export function tellResult(job: JobStatus, { sandbox }: World): string {
  const retried = sandbox.stats().calls.teams?.['send']?.statuses['503'] ?? 0;
  const delivered = job.statusLogs.filter((log) => log.status === 'SUCCESS').length;
  return `
${summarize(job)}

The Teams simulator answered 503 to ${retried} sends; Beckon tried those again. All ${delivered} deliveries are final and on disk.`;
}

/** What to try next, while the demo stays up. */
export async function tellNextSteps(someone: string, world: World): Promise<string> {
  const { url, botId, clientId, configPath, sandbox } = world;
  const token = await world.mint(TOKEN_SECONDS);
  const body = {
    channel: 'msteams',
    userIdentityType: 'resolve',
    message: { type: 'text', val: 'Hello' },
    identities: [someone],
  };
  return `
The server is at ${url}, the simulators (with a guide) at ${sandbox.urls.base}. Ctrl-C ends the demo.

See all of it in the operators' console. This link signs you in, once:
  ${world.consoleLink}

Try next, in another terminal:
  npx beckon send --url ${url} --config ${configPath} --app ${clientId} --channel msteams --to ${someone} --text Hello --watch

Or with curl:
  curl -X POST ${url}/api/public/bot/${botId}/notify \\
    -H 'content-type: application/json' \\
    -H 'auth: ${token}' \\
    -d '${JSON.stringify(body)}'
`;
}
