import assert from 'node:assert/strict';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { writeKoreExamples } from '../build/kore-examples.ts';
import { fetchDocument } from './support/api-document.ts';
import { BOT, call, type Rig, startRig, tokenFor } from './support/http-rig.ts';
import { ROOT, runIn } from './support/packed.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const pages = globSync('docs/**/*.md', { cwd: ROOT, exclude: ['**/.vitepress'] });

describe('the documentation', () => {
  const folder = mkdtempSync(join(tmpdir(), 'beckon-site-'));
  after(() => rmSync(folder, { recursive: true }));

  it('is built as a site that leads to every page', async () => {
    await runIn(ROOT, join(ROOT, 'node_modules/.bin/vitepress'), ['build', 'docs', '--outDir', folder]);
    const quickstart = readFileSync(join(folder, 'quickstart.html'), 'utf8');
    for (const page of pages) {
      const name = page.replace(/^docs\//, '').replace(/\.md$/, '');
      assert.ok(existsSync(join(folder, `${name}.html`)), page);
      assert.ok(name === 'index' || quickstart.includes(`href="/${name}"`), `the sidebar does not lead to ${page}`);
    }
  });

  for (const page of ['README.md', ...pages]) {
    it(`leads nowhere that is not there: ${page}`, () => {
      for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:)([^)#\s]+)/g))
        assert.ok(existsSync(join(ROOT, dirname(page), target)), target);
    });
  }
});

describe("the examples of Kore.ai's routes", () => {
  let rig: Rig;
  before(async () => {
    rig = await startRig();
  });
  after(() => rig.close());

  it('are those of the present description: npm run docs:examples', async () => {
    const examples = writeKoreExamples(await fetchDocument(rig));
    for (const [path, text] of Object.entries(examples)) assert.equal(read(path), text, path);
  });

  it('are calls that the routes take, in the collection for Postman', async () => {
    const { item, variable } = JSON.parse(read('docs/kore.postman_collection.json'));
    const values = new Map(variable.map(({ key, value }: Variable) => [key, value]));
    values.set('host', '').set('botId', BOT).set('requestId', 'ds-00000000-0000-5000-8000-000000000000');
    const fillIn = (text: string) => text.replaceAll(/\{\{(\w+)\}\}/g, (_, key: string) => String(values.get(key)));
    const token = await tokenFor('cs-builder');
    assert.equal(item.length, 6);
    for (const { name, request } of item) {
      const { method, url, body } = request;
      const init = {
        method,
        headers: { auth: token, 'content-type': 'application/json' },
        ...(body && { body: body.raw }),
      };
      const reply = await call(rig, fillIn(url), init);
      // Of statuses none is known here: what is asked is whether the route takes the call.
      assert.ok(body ? reply.status === 200 : reply.text.includes('Invalid request ID'), `${name}: ${reply.text}`);
    }
  });

  interface Variable {
    readonly key: string;
    readonly value: string;
  }
});
