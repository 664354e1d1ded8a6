import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { createClient } from '../src/client/client.ts';
import type { BeckonProcess } from './support/beckon.ts';
import { botIdOf, type HookStage, openHookStage } from './support/hook-stage.ts';
import { startPostgres, type TestPostgres } from './support/postgres.ts';
import { startCli } from './support/run-cli.ts';

const PEOPLE = 80;
const botId = botIdOf('ann');

describe('events', () => {
  let stage: HookStage;
  before(async () => {
    stage = await openHookStage({ bots: ['ann'], concurrency: 2 });
    answerAfter(15);
  });
  after(() => stage.close());

  /** How long the webhook takes; one of its callers it sends elsewhere. */
  function answerAfter(delayMs: number): void {
    stage.sandbox.faults.set([
      { provider: 'hooks', fault: { kind: 'slow', delayMs } },
      { provider: 'hooks', recipient: 'person-7@example.com', fault: { kind: 'status', status: 302 } },
    ]);
  }

  async function send(server: BeckonProcess): Promise<string> {
    const { id } = await stage.send(server.url, { bot: 'ann', text: 'hello', people: PEOPLE });
    assert.ok(id !== null);
    return id;
  }

  /** Follows a notification that the first server accepted; once it has begun, the first is ended in some way. */
  async function follow(
    servers: readonly [BeckonProcess, BeckonProcess],
    leave: (first: BeckonProcess) => Promise<unknown>,
  ) {
    const [first, second] = servers;
    const id = await send(first);
    let [current, connections] = [first, 0];
    const fetch = (url: string, init: RequestInit) => {
      connections += 1;
      return globalThis.fetch(url.replace(first.url, current.url), init);
    };
    const client = createClient({ url: first.url, token: stage.token, fetch });
    const done: number[] = [];
    let left: Promise<unknown> | null = null;
    for await (const { event, progress } of client.events({ botId, notificationId: id })) {
      done.push(progress.counts.total - progress.counts.pending);
      if (left === null && progress.counts.delivered > 0) {
        current = second;
        left = leave(first);
      }
      if (event !== 'end') continue;
      assert.deepEqual(progress.counts, {
        ...progress.counts,
        total: PEOPLE,
        pending: 0,
        delivered: PEOPLE - 1,
        failed: 1,
      });
      assert.deepEqual(progress.reasons, { url_refused: 1 });
    }
    assert.deepEqual(
      done,
      done.toSorted((a, b) => a - b),
    );
    assert.equal(done.at(-1), PEOPLE);
    assert.ok(connections >= 2);
    return left;
  }

  describe('from two servers over one PostgreSQL', () => {
    let postgres: TestPostgres;
    before(async () => {
      postgres = await startPostgres();
    });
    after(() => postgres.stop());

    const startBoth = async () => {
      const args = ['--database', await postgres.createDatabase(), '--lease-ms', '3000', '--linger-ms', '0'];
      return Promise.all([stage.start(args), stage.start(args)]);
    };

    it('go on at the other when one is killed', { timeout: 240_000 }, async () => {
      await follow(await startBoth(), (first) => first.kill());
    });

    it('go on at the other when one stops, which does not wait for who watches', { timeout: 240_000 }, async () => {
      assert.equal(await follow(await startBoth(), (first) => first.stop()), 0);
    });
  });

  it('are what the command line watches', { timeout: 240_000 }, async () => {
    const server = await stage.start(['--database', 'sqlite::memory:']);
    const client = createClient({ url: server.url, token: stage.token });
    answerAfter(100);
    const id = await send(server);
    // It goes on once somebody watches, and takes four seconds then.
    await client.pause({ botId, notificationId: id });
    const target = ['--url', server.url, '--token', stage.token, '--bot', botId];
    const watching = startCli(['status', id, ...target, '--watch', '--json-output']);
    const told = { stdout: '', stderr: '' };
    watching.stdout.on('data', (chunk) => {
      told.stdout += chunk;
    });
    watching.stderr.on('data', (chunk) => {
      told.stderr += chunk;
    });
    await once(watching.stderr, 'data');
    await client.resume({ botId, notificationId: id });
    const [code] = await once(watching, 'close');
    const { stdout, stderr } = told;
    assert.equal(code, 1, stderr);
    assert.notEqual(stdout, '', stderr);
    assert.partialDeepStrictEqual(JSON.parse(stdout), { status: 'PARTIAL_SUCCESS', count: PEOPLE });
    assert.match(stderr, /^Delivering: \d+ % \(\d+ of 80\), \d+ delivered, [01] failed/);
    assert.match(stderr, /a second, \d+ s to go\n/);
    assert.match(stderr, /Delivering: 100 % \(80 of 80\), 79 delivered, 1 failed\n$/);
  });
});
