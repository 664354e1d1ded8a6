import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Notification } from '../src/client/notification-documents.ts';
import { runCli } from './support/run-cli.ts';
import { openSandboxStage, type SandboxStage } from './support/sandbox-stage.ts';

describe('what can be said of a send on the command line', () => {
  let stage: SandboxStage;
  before(async () => {
    stage = await openSandboxStage();
    const row = (name: string, tags: readonly string[], grade: unknown) => {
      return { email: `${name}@x.org`, tags: [...tags], locale: 'de-AT', attributes: { grade: grade as number } };
    };
    await stage.know([
      row('ann', ['staff', 'berlin'], 7),
      row('bob', ['staff'], 6),
      row('cid', ['staff'], '7'),
      row('dan', ['staff', 'leaver'], 7),
    ]);
  });
  after(() => stage.close());
  const send = (...args: readonly string[]) => runCli(['send', ...stage.target, ...args]);
  const words = ['--channel', 'ivr', '--text', 'Hello'];
  const shown = (stdout: string): Notification => JSON.parse(stdout);
  const reachedBy = async (...args: readonly string[]) => {
    const before = new Set(Object.keys(stage.received()));
    const { code, stdout, stderr } = await send(...words, ...args, '--watch', '--json-output');
    assert.equal(code, args.some((arg) => arg.startsWith('--exclude')) ? 1 : 0, stderr);
    const sent = shown(stdout);
    const reached = Object.keys(stage.received()).filter((name) => !before.has(name));
    return { sent, reached: reached.map((name) => name.split('@')[0]).toSorted() };
  };

  it('is a filter, and whom to leave out', async () => {
    const found = await reachedBy('--filter-tag', 'berlin', 'paris', '--filter-attribute', 'grade=6', 'grade=7');
    assert.deepEqual(found.reached, ['ann']);
    const excluded = await reachedBy(
      ...['--filter-all-tags', 'staff', '--filter-locale', 'de', '--exclude', 'ann@x.org'],
      ...['--exclude-tag', 'leaver'],
    );
    assert.deepEqual([excluded.reached, excluded.sent.reasons], [['bob', 'cid'], { excluded: 2 }]);
    assert.deepEqual(excluded.sent.audience, {
      filter: { tags: { all: ['staff'] }, locale: ['de'] },
      exclude: { identities: 1, tags: ['leaver'], notifications: [] },
    });
    const status = await runCli(['status', excluded.sent.id, ...stage.target]);
    assert.equal(status.code, 1, status.stderr);
    assert.match(status.stdout, /^2 delivered, 2 suppressed {2}ds-.*\n {3}For {2}tagged staff; speaks de\n/);
    assert.match(status.stdout, /\n {3}Not {2}1 by name; tagged leaver\n {5}2 {2}excluded\n$/);
    const others = await reachedBy('--everybody', '--exclude-recipients-of', excluded.sent.id);
    assert.deepEqual([others.reached, others.sent.reasons], [[], { excluded: 4 }]);
    const named = await reachedBy('--to', 'zoe@x.org,ann@x.org', '--exclude', 'ann@x.org');
    assert.deepEqual(named.reached, ['zoe']);
    assert.deepEqual(others.sent.audience?.filter, { everybody: true });
  });

  it('is by which rules, and who is told, which the notification shows', async () => {
    const rules = ['--canary', '1:pause', '--pause-when', '20%/500', '--callback', 'Webhook', '--at', '9d'];
    const { code, stdout, stderr } = await send(...words, '--to', 'a@x.org,b@x.org', ...rules, '--json-output');
    assert.equal(code, 0, stderr);
    assert.partialDeepStrictEqual(shown(stdout), {
      canary: { recipients: 1, maxFailureShare: 0.05, next: 'pause' },
      pauseWhen: { failureShare: 0.2, after: 500 },
      callback: { steps: 10 },
    });
    const share = await send(...words, '--to', 'a@x.org,b@x.org', '--canary', '10%', '--at', '9d', '--json-output');
    assert.equal(shown(share.stdout).canary?.recipients, 1);
  });

  it('is a plan, which says it all', async () => {
    const { client, botId } = stage;
    const recipients = { filter: { tags: { any: ['berlin'] } } };
    const message = { type: 'text', val: 'Hi' } as const;
    const { planId } = await client.notifications.preflight({ botId, body: { channel: 'ivr', message, recipients } });
    const { code, stdout, stderr } = await send('--plan', planId ?? '', '--watch', '--json-output');
    assert.equal(code, 0, stderr);
    assert.partialDeepStrictEqual(shown(stdout), { id: planId, counts: { total: 1, delivered: 1 } });
    const beside = await send('--plan', planId ?? '', '--text', 'Other words');
    assert.deepEqual([beside.code, /--plan is sent as it was found/.test(beside.stderr)], [2, true]);
  });

  it('leaves out of a file too', async () => {
    const file = join(tmpdir(), `beckon-flags-${process.pid}.ndjson`);
    writeFileSync(file, '"ann@x.org"\n"yan@x.org"\n');
    const first = await send(...words, '--to', 'ann@x.org', '--json-output', '--at', '9d');
    const found = await reachedBy('--audience', file, '--exclude-recipients-of', shown(first.stdout).id);
    assert.deepEqual([found.reached, found.sent.reasons], [['yan'], { excluded: 1 }]);
  });

  it('is refused with what would be right', async () => {
    const rows: readonly (readonly [readonly string[], RegExp])[] = [
      [['--to', 'a', '--filter-tag', 'b'], /without --to/],
      [['--filter-attribute', 'grade'], /--filter-attribute grade: write it as name=value/],
      [['--to', 'a', '--canary', 'some'], /--canary: "some" is none; write 500/],
      [['--to', 'a', '--canary', '1.5'], /--canary: "1.5" is none/],
      [['--to', 'a', '--pause-when', '0.2'], /--pause-when: "0.2" is no share; write 20%/],
    ];
    for (const [args, sentence] of rows) {
      const { code, stderr } = await send(...words, ...args);
      assert.equal(code, 2);
      assert.match(stderr, sentence);
    }
  });
});
