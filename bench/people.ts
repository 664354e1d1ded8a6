/**
 * A directory of any size, imported through a real server into a SQLite file and exported again. Run by hand (Linux):
 *   node bench/people.ts [people=1000000] [ndjson|csv] [skip|abort]
 * Prints the time, the server's peak memory, and how long other callers waited meanwhile.
 */
import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'yaml';
import { randomId } from '../src/model/ids.ts';
import { type BeckonProcess, startBeckon } from '../test/support/beckon.ts';
import { runCli } from '../test/support/run-cli.ts';

const [, , countText = '1000000', format = 'ndjson', onError = 'skip'] = process.argv;
const count = Number(countText);
const folder = mkdtempSync(join(tmpdir(), 'beckon-bench-people-'));
const [botId, clientId] = [randomId('st'), randomId('cs')];
const file = (name: string) => join(folder, name);

try {
  await pipeline(Readable.from(makeLines()), createWriteStream(file(`in.${format}`)));
  writeConfig();
  const server = await startBeckon(['--config', file('beckon.yaml'), '--database', `sqlite:${file('beckon.db')}`]);
  await measure('import', server, ['import', file(`in.${format}`), '--on-error', onError]);
  await measure('export', server, ['export', file(`out.${format}`)]);
  console.log(
    `database ${megabytes('beckon.db')} MB, in ${megabytes(`in.${format}`)} MB, out ${megabytes(`out.${format}`)} MB`,
  );
  await server.stop();
} finally {
  rmSync(folder, { recursive: true });
}

async function measure(name: string, server: BeckonProcess, args: readonly string[]): Promise<void> {
  const waits = watchServer(server.url);
  const startedAt = performance.now();
  const target = ['--url', server.url, '--app', clientId, '--config', file('beckon.yaml')];
  const { code, stdout, stderr } = await runCli(['people', ...args, ...target]);
  const seconds = (performance.now() - startedAt) / 1000;
  const [p50, p99, worst] = await waits.stop();
  console.log(stdout.trimEnd() || stderr.trimEnd());
  console.log(
    `${name}: exit ${code}, ${seconds.toFixed(1)} s, ${Math.round(count / seconds)} people/s, ` +
      `peak ${peakMegabytes(server.pid)} MB; /healthz p50 ${p50} ms, p99 ${p99} ms, worst ${worst} ms`,
  );
}

/** Asks for a small thing over and over: what it waits is what an urgent call would wait. */
function watchServer(url: string) {
  const waits: number[] = [];
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      const startedAt = performance.now();
      await (await fetch(`${url}/healthz`)).arrayBuffer();
      waits.push(performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  return {
    async stop(): Promise<number[]> {
      isOver = true;
      await asking;
      waits.sort((a, b) => a - b);
      return [0.5, 0.99, 1].map((share) => Math.round(waits[Math.ceil(share * waits.length) - 1] ?? 0));
    },
  };
}

function* makeLines(): Generator<string> {
  const serviceUrl = 'https://smba.trafficmanager.net/teams/';
  if (format === 'csv')
    yield 'email,upn,name,locale,timeZone,tags,msteams.channelId,msteams.conversationId,msteams.serviceUrl\n';
  for (let i = 0; i < count; i++) {
    const [email, upn, name] = [`person.${i}@example.com`, `p${i}@corp.example.com`, `Person Number ${i}`];
    const [channelId, conversationId] = [`29:1-${i}abcdefghijklmnop`, `a:1${i}qrstuvwxyz`];
    const place = { locale: 'en', timeZone: 'Asia/Kolkata' };
    if (format === 'csv') {
      yield `${email},${upn},${name},en,Asia/Kolkata,employees,${channelId},${conversationId},${serviceUrl}\n`;
    } else {
      const addresses = [{ channel: 'msteams', channelId, reference: { conversationId, serviceUrl } }];
      yield `${JSON.stringify({ email, upn, name, ...place, tags: ['employees'], addresses })}\n`;
    }
  }
}

function writeConfig(): void {
  const clientSecret = randomBytes(36).toString('base64url');
  const app = { clientId, name: 'Bench', algorithm: 'HS256', clientSecret, bots: [botId], scopes: ['directory:write'] };
  const config = { bots: [{ id: botId, name: 'Bench' }], apps: [app] };
  writeFileSync(file('beckon.yaml'), stringify(config), { mode: 0o600 });
}

function peakMegabytes(pid: number): number {
  const [, kibibytes = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kibibytes) / 1024);
}

function megabytes(name: string): number {
  return Math.round(statSync(file(name)).size / 1e6);
}
