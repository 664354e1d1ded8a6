import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TemplateDefinition } from '../src/client/template-documents.ts';
import { runCli } from './support/run-cli.ts';
import { openSandboxStage, type SandboxStage } from './support/sandbox-stage.ts';

const text = (val: string) => ({ type: 'text', val }) as const;
const WELCOME: TemplateDefinition = {
  parameters: { name: { type: 'string', maxLength: 20 }, floor: { type: 'integer', default: '1' } },
  variants: {
    en: { message: text('Welcome {name}, floor {floor}') },
    hi: { message: text('स्वागत है {name}, तल {floor}') },
    'pt-BR': {
      message: text('Boas-vindas {name}'),
      channels: { ivr: { type: 'native', payload: { ola: '{name}', andar: ['{floor}'] } } },
    },
  },
  default: 'en',
};

describe('a notification made of a template', () => {
  let stage: SandboxStage;
  before(async () => {
    stage = await openSandboxStage();
    await stage.know([
      { email: 'asha@x.org', locale: 'hi-IN' },
      { email: 'bia@x.org', locale: 'pt-PT' },
      { email: 'cy@x.org', locale: 'fr' },
      { email: 'dee@x.org' },
    ]);
  });
  after(() => stage.close());

  it('says it to each in their language, in the words of its version', async () => {
    const { client, botId } = stage;
    const put = (definition: TemplateDefinition) => client.templates.put({ botId, name: 'welcome', definition });
    assert.equal((await put(WELCOME)).version, 1);
    const recipients = [
      'asha@x.org',
      { email: 'bia@x.org', parameters: { name: 'Bia', floor: '7' } },
      'cy@x.org',
      'dee@x.org',
      'stranger@x.org',
    ];
    const body = { channel: 'ivr', template: { name: 'welcome' }, parameters: { name: 'you' }, recipients };
    const sent = await client.notifications.send({ botId, body });
    assert.deepEqual(sent.template, { name: 'welcome', version: 1 });
    assert.equal((await stage.untilOver(sent.id)).counts.delivered, 5);
    assert.deepEqual(messagesOf(stage), {
      'asha@x.org': 'स्वागत है you, तल 1',
      'bia@x.org': { ola: 'Bia', andar: ['7'] },
      'cy@x.org': 'Welcome you, floor 1',
      'dee@x.org': 'Welcome you, floor 1',
      'stranger@x.org': 'Welcome you, floor 1',
    });

    const changed = { ...WELCOME, variants: { en: { message: text('New words, {name}') } } };
    assert.equal((await put(changed)).version, 2);
    const newest = await client.notifications.send({ botId, body });
    assert.deepEqual(newest.template, { name: 'welcome', version: 2 });
    await stage.untilOver(newest.id);
    assert.equal(messagesOf(stage)['asha@x.org'], 'New words, you');
    const former = { ...body, template: { name: 'welcome', version: 1 } };
    await stage.untilOver((await client.notifications.send({ botId, body: former })).id);
    assert.equal(messagesOf(stage)['asha@x.org'], 'स्वागत है you, तल 1');
    const [listed] = (await client.notifications.list({ botId })).notifications;
    assert.deepEqual(listed?.template, { name: 'welcome', version: 1 });
  });

  it('keeps to its words while it waits, whatever becomes of the template', async () => {
    const { client, botId, sandbox } = stage;
    await client.templates.put({ botId, name: 'steady', definition: WELCOME });
    // Nobody is reached until the fault has passed.
    sandbox.faults.set([{ provider: 'hooks', times: 1, fault: { kind: 'status', status: 503, body: '' } }]);
    const body = {
      channel: 'ivr',
      template: { name: 'steady' },
      recipients: ['asha@x.org'],
      parameters: { name: 'A' },
    };
    const sent = await client.notifications.send({ botId, body });
    await client.templates.put({ botId, name: 'steady', definition: { ...WELCOME, default: 'hi' } });
    await client.templates.archive({ botId, name: 'steady' });
    assert.equal((await stage.untilOver(sent.id)).counts.delivered, 1);
    assert.equal(messagesOf(stage)['asha@x.org'], 'स्वागत है A, तल 1');
    await assert.rejects(client.notifications.send({ botId, body }), /\/template\/name: "steady" is archived/);
  });

  it('goes on to the next channel in the words for it', async () => {
    const { client, botId } = stage;
    await client.templates.put({ botId, name: 'onward', definition: WELCOME });
    const channels = [{ channel: 'hangoutchat' }, { channel: 'ivr' }];
    const recipients = ['bia@x.org', 'asha@x.org'];
    const body = { channels, template: { name: 'onward' }, recipients, parameters: { name: 'B' } };
    const sent = await client.notifications.send({ botId, body });
    assert.equal((await stage.untilOver(sent.id)).counts.delivered, 2);
    const { 'bia@x.org': bia, 'asha@x.org': asha } = messagesOf(stage);
    assert.deepEqual([bia, asha], [{ ola: 'B', andar: ['1'] }, 'स्वागत है B, तल 1']);
    const own = { ...body, channels: [{ channel: 'slack', message: text('Mine') }] };
    await assert.rejects(client.notifications.send({ botId, body: own }), /\/channels\/0\/message: stands beside/);
  });

  it('shows beforehand what each would be sent', async () => {
    const { client, botId } = stage;
    await client.templates.put({ botId, name: 'shown', definition: WELCOME });
    const before = (await client.notifications.list({ botId })).notifications.length;
    const recipients = ['asha@x.org', { email: 'bia@x.org', parameters: { floor: '2' } }, 'stranger@x.org'];
    const request = { botId, name: 'shown', channel: 'ivr', recipients, parameters: { name: 'N' } };
    assert.deepEqual(
      (await client.templates.preview(request)).map(({ language, message, fault }) => ({ language, message, fault })),
      [
        { language: 'hi', message: text('स्वागत है N, तल 1'), fault: null },
        { language: 'pt-BR', message: { type: 'native', payload: { ola: 'N', andar: ['2'] } }, fault: null },
        { language: 'en', message: text('Welcome N, floor 1'), fault: null },
      ],
    );
    const [unknown] = await client.templates.preview({
      ...request,
      channel: 'msteams',
      recipients: ['stranger@x.org'],
    });
    assert.equal(unknown?.fault?.reason, 'not_associated');
    await assert.rejects(client.templates.preview({ ...request, parameters: {} }), /\/recipients\/0\/parameters\/name/);
    assert.equal((await client.notifications.list({ botId })).notifications.length, before);
  });

  it('is put, tried and sent from the command line', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'beckon-template-')), 'hello.json');
    writeFileSync(file, JSON.stringify(WELCOME));
    const run = (...words: string[]) => runCli([...words, ...stage.target]);
    const put = await run('templates', 'put', 'hello', file);
    assert.deepEqual([put.code, put.stdout.trim()], [0, 'hello is version 1 of 1.']);
    assert.match((await run('templates', 'list')).stdout, /^hello {2}version 1 {2}20/m);
    assert.equal(JSON.parse((await run('templates', 'show', 'hello', '--version', '1')).stdout).default, 'en');
    const what = ['--channel', 'ivr', '--to', 'asha@x.org', '--param', 'name=Asha=A', '--param', 'floor=3'];
    const shown = await run('templates', 'preview', 'hello', ...what);
    assert.equal(shown.stdout.trim(), 'asha@x.org [hi]: स्वागत है Asha=A, तल 3', shown.stderr);
    const sent = await run('send', '--template', 'hello', ...what, '--watch');
    assert.equal(sent.code, 0, sent.stderr);
    assert.equal(messagesOf(stage)['asha@x.org'], 'स्वागत है Asha=A, तल 3');
    const wrong = await run('send', '--template', 'hello', ...what, '--param', 'floor');
    assert.deepEqual([wrong.code, wrong.stderr.trim()], [2, 'beckon: --param floor: write it as name=value.']);
    rmSync(dirname(file), { recursive: true });
  });

  it('is refused as a whole where a parameter does not fit, by recipient and name', async () => {
    const { client, botId } = stage;
    await client.templates.put({ botId, name: 'strict', definition: WELCOME });
    const send = (more: object) => {
      const body = { channel: 'ivr', template: { name: 'strict' }, recipients: ['cy@x.org'], ...more };
      return client.notifications.send({ botId, body });
    };
    const named = { email: 'dee@x.org', parameters: { name: 'Dee' } };
    const refused: readonly [object, RegExp][] = [
      [{ recipients: [named, 'cy@x.org'] }, /\/recipients\/1\/parameters\/name: is missing; the template requires it/],
      [
        { recipients: [{ ...named, parameters: { nam: 'x' } }] },
        /\/recipients\/0\/parameters\/nam: is unknown; the template has name, floor/,
      ],
      [{ parameters: { name: 'x', flor: '1' } }, /: \/parameters\/flor: is unknown/],
      [{ parameters: { name: 'x'.repeat(21) } }, /: \/parameters\/name: has 21 characters; at most 20/],
      [
        { recipients: [{ ...named, parameters: { name: 'x', floor: 'top' } }] },
        /\/recipients\/0\/parameters\/floor: must be a whole number/,
      ],
      [{ recipients: [{ ...named, message: text('Mine') }] }, /\/recipients\/0\/message: stands beside a template/],
      [{ message: text('Mine') }, /\/message: stands beside a template/],
      [
        { template: { name: 'strict', version: 2 }, recipients: [named] },
        /\/template\/version: the newest version of "strict" is 1/,
      ],
      [{ template: { name: 'none' }, recipients: [named] }, /\/template\/name: there is no template "none"/],
      [{ template: undefined, recipients: [named] }, /\/message: is missing; say it there, or name a template/],
    ];
    const before = (await client.notifications.list({ botId })).notifications.length;
    for (const [more, words] of refused) await assert.rejects(send(more), words);
    assert.equal((await client.notifications.list({ botId })).notifications.length, before);
  });
});

/** What the webhook was sent last for each. */
function messagesOf(stage: SandboxStage): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(stage.received()).map(([recipient, body]) => [recipient, JSON.parse(body).data[0].val]),
  );
}
