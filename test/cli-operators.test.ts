import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isJsonObject, type JsonObject } from '../src/model/json.ts';
import { runCli } from './support/run-cli.ts';
import { openSandboxStage, type SandboxStage } from './support/sandbox-stage.ts';

describe('beckon operators', () => {
  let stage: SandboxStage;
  before(async () => {
    stage = await openSandboxStage(makeAdmin);
  });
  after(() => stage.close());
  const operators = (...args: readonly string[]) => runCli(['operators', ...args, ...stage.target]);
  const listed = async () => {
    const { code, stdout, stderr } = await operators('list');
    assert.equal(code, 0, stderr);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t'));
  };

  it('invites somebody with a link, once more whoever is known, and lists them', async () => {
    assert.deepEqual(await listed(), []);
    const { botId, client, server } = stage;
    const first = await operators('invite', 'Ann@abc.com', '--name', 'Ann', '--role', 'sender', '--bots', ` ${botId}`);
    assert.equal(first.code, 0, first.stderr);
    const link = /^ann@abc\.com is invited as sender\. .*once and for a week:\n(\S+#\S+)\n$/.exec(first.stdout)?.[1];
    assert.ok(link?.startsWith(server.url), first.stdout);
    const again = await operators('invite', 'ANN@abc.com', '--role', 'admin');
    assert.match(again.stdout, /^ann@abc\.com was known\. .*\n\S+#\S+\n$/);
    assert.ok(!again.stdout.includes(link ?? ''));
    assert.equal((await operators('invite', 'eve@abc.com', '--role', 'admin')).code, 0);
    assert.deepEqual((await listed()).toSorted(), [
      ['ann@abc.com', 'Ann', 'sender', botId, 'last signed in never'],
      ['eve@abc.com', 'eve@abc.com', 'admin', 'every bot', 'last signed in never'],
    ]);
    assert.equal((await client.admin.operators.list()).operators.length, 2);
  });

  it('shuts somebody out, and lets them in again', async () => {
    const out = await operators('disable', 'Ann@abc.com');
    assert.deepEqual([out.code, out.stdout], [0, 'Ann@abc.com is signed out and may not sign in any more.\n']);
    const stateOf = async () => (await listed()).find(([email]) => email === 'ann@abc.com')?.at(-1);
    assert.match((await stateOf()) ?? '', /^disabled 20\d\d-/);
    const back = await operators('disable', 'ann@abc.com', '--undo');
    assert.deepEqual([back.code, back.stdout], [0, 'ann@abc.com may sign in.\n']);
    assert.equal(await stateOf(), 'last signed in never');
  });

  for (const [args, code, sentence] of [
    [['disable', 'nobody@abc.com'], 1, /Nobody signs in as nobody@abc\.com\./],
    [['invite', 'no-address'], 1, /\/email/],
    [['invite', 'bob@abc.com', '--role', 'king'], 2, /Allowed choices are viewer, sender, admin/],
    [['invite', 'bob@abc.com', '--bots', 'st-none'], 1, /\/bots\/0: there is no such bot/],
    [['invite'], 2, /missing required argument 'email'/],
  ] as const) {
    it(`says what is wrong with ${args.join(' ')}`, async () => {
      const { code: exit, stdout, stderr } = await operators(...args);
      assert.deepEqual([exit, stdout], [code, '']);
      assert.match(stderr, sentence);
    });
  }
});

/** So that the app of the sample may ask. */
function makeAdmin({ apps }: JsonObject): void {
  const [app] = Array.isArray(apps) ? apps : [];
  assert.ok(isJsonObject(app) && Array.isArray(app['scopes']));
  Object.assign(app, { kind: 'admin', scopes: [...app['scopes'], 'admin:write'] });
  delete app['bots'];
}
