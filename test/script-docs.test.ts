import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../src/model/clock.ts';
import { personId } from '../src/model/ids.ts';
import type { Person } from '../src/model/person.ts';
import { readMessage } from '../src/render/message.ts';
import { writeContext } from '../src/render/script/context.ts';
import { describeFault } from '../src/render/script/fault.ts';
import { openScriptRenderer, type ScriptRenderer } from '../src/render/script/renderer.ts';

const page = readFileSync(new URL('../docs/scripts.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```(\w+)\n([\s\S]*?)\n```/g)].map(([, language = '', text = '']) => ({
  language,
  text,
}));
const examples = blocks.flatMap(({ language, text }, index) =>
  language === 'js' ? [{ source: text, expected: blocks[index + 1] }] : [],
);

const botId = 'st-1';
const sample = JSON.parse(blocks.find(({ text }) => text.startsWith('{"email"'))?.text ?? '');
const person: Person = {
  botId,
  id: personId(botId, sample.email),
  upn: null,
  phone: null,
  identities: [],
  addresses: [],
  ...sample,
};
const context = writeContext({
  botName: 'HR assistant',
  notification: { botId, id: 'ds-1', channelSpelling: 'msteams' },
  recipient: { identity: sample.email, parameters: null },
  personId: person.id,
  person,
});

describe('docs/scripts.md', () => {
  let renderer: ScriptRenderer;
  before(() => {
    renderer = openScriptRenderer({ clock: systemClock });
  });
  after(() => renderer.close());

  assert.ok(examples.length >= 15);
  for (const { source, expected } of examples) {
    it(`tells the truth about ${source.split('\n')[0]}`, async () => {
      assert.equal(expected?.language, 'text');
      const notification = { botId, notificationId: 'ds-1', source, createdAt: 1_772_359_200_789 };
      const [rendering] = await renderer.render({ ...notification, recipients: [{ seq: 0, context }] });
      assert.ok(rendering);
      // Between a number and its currency Intl writes a space that does not break.
      const said = rendering.ok ? rendering.output.replaceAll('\u00a0', ' ') : describeFault(rendering.fault);
      // On a machine that has no time for it a script is broken off before the engine looks, which alone knows the line.
      const isCutOff = said === 'took more than 50 ms within one operation and was stopped';
      if (isCutOff) assert.match(expected.text, /^line \d+: took more than 50 ms$/);
      else assert.equal(said, expected.text);
    });
  }

  it('shows a request that is taken', () => {
    const { message } = JSON.parse(blocks[0]?.text ?? '');
    assert.equal(readMessage(message.type, message.val).ok, true);
  });

  it('names the versions that are installed', () => {
    const require = createRequire(import.meta.url);
    const rows = [...page.matchAll(/^\| `koreUtil\.\w+` \| ([\w.-]+).*\| ([\d.]+) \|$/gm)];
    assert.equal(rows.length, 6);
    for (const [, name, version] of rows) assert.equal(require(`${name}/package.json`).version, version, name);
  });

  it('names every key of the context', () => {
    const { session, ...root } = JSON.parse(context);
    const keys = [...Object.keys(root), ...Object.keys(session), ...Object.keys(session.UserContext)];
    for (const key of [...keys, ...Object.keys(session.BotUserSession)])
      assert.match(page, new RegExp(`\\b${key}\\b`), key);
  });
});
