import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { JsonObject } from '../../model/json.ts';
import type { News } from '../../model/news.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { type Desk, openTestClock, openTestDesk } from '../test-desk.ts';
import { openTestEar } from '../test-ear.ts';
import { email } from './email.ts';
import { type Names, UnsubscribeLinks } from './unsubscribe-links.ts';

const SECRET = 'a secret that is kept for years!';
const SETTINGS = { host: '127.0.0.1', security: 'none', from: 'jobs@example.com', unsubscribeSecret: SECRET };
const JANE = 'jane@example.com';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const CLICK = { headers: FORM, body: 'List-Unsubscribe=One-Click' };
const clock = openTestClock();

const ear = await openTestEar({ channel: email, settings: SETTINGS, clock });
let sandbox: Sandbox;
before(async () => {
  sandbox = await startSandbox();
});
after(() => sandbox.close());
afterEach(() => sandbox.reset());

const silenced = (identity: string): News => ({
  kind: 'silenced',
  identity,
  reason: 'opted_out',
  detail: 'unsubscribed by the link in a mail',
  at: clock.now(),
});

describe('The link in a mail', () => {
  test('is the same on every attempt, and one click on it silences who got the mail', async () => {
    const desk = open();
    await desk.send({ identity: JANE });
    await desk.send({ identity: JANE });
    const [first = '', second] = links();
    assert.ok(first.startsWith(`${ear.eventsUrl}?u=`), first);
    assert.equal(second, first);
    const before = ear.heard.length;
    for (const _time of ['once', 'again']) {
      const response = await fetch(first, { method: 'POST', ...CLICK });
      assert.equal(response.status, 200);
      assert.match(await response.text(), /You will get no more/);
    }
    assert.deepEqual(
      ear.heard.slice(before).map(({ news }) => news),
      [[silenced(JANE)], [silenced(JANE)]],
    );
  });

  test('stands for the identity and for the address where they differ', async () => {
    await open().send({ identity: 'E-4711' });
    const { news } = await ear.hear({ url: links()[0] ?? '', ...CLICK });
    assert.deepEqual(news, [silenced('E-4711'), silenced(JANE)]);
    await open().send({ identity: ' JANE@example.com' });
    assert.equal((await ear.hear({ url: links()[1] ?? '', ...CLICK })).news.length, 1);
  });

  test('survives a restart, and knows no other connection and no other secret', () => {
    const token = new UnsubscribeLinks(SECRET, 'dc-1').write({ names: [JANE], category: null });
    assert.deepEqual(new UnsubscribeLinks(SECRET, 'dc-1').read(token ?? ''), { names: [JANE], category: null });
    assert.equal(new UnsubscribeLinks(SECRET, 'dc-2').read(token ?? ''), null);
    assert.equal(new UnsubscribeLinks(`${SECRET}!`, 'dc-1').read(token ?? ''), null);
  });

  test('holds any name that a header can hold', () => {
    const links = new UnsubscribeLinks(SECRET, 'dc-1');
    for (const names of [['a"b\\c\n'], ['größe@büro.example'], ['\ud800'], ['x', 'y']] satisfies Names[]) {
      for (const category of [null, 'newsletter']) {
        const token = links.write({ names, category }) ?? '';
        assert.match(token, /^[\w-]+\.[\w-]{43}$/);
        assert.deepEqual(links.read(token), { names, category });
      }
    }
    assert.equal(links.write({ names: ['x'.repeat(1000)], category: null }), null);
  });

  test('is not there without a secret, a public URL, or where another place is configured', async () => {
    await open({}, null).send();
    const { unsubscribeSecret: _, ...bare } = SETTINGS;
    await openWith(bare).send();
    assert.deepEqual(links(), []);
    await open({ unsubscribeUrl: 'https://example.com/u' }).send();
    assert.deepEqual(links(), ['https://example.com/u']);
  });
});

const token = () => new UnsubscribeLinks(SECRET, 'dc-test').write({ names: [JANE], category: null }) ?? '';
const at = (u: string) => `${ear.eventsUrl}?u=${encodeURIComponent(u)}`;
const MULTIPART = { 'content-type': 'multipart/form-data; boundary=x' };
const part = (name: string, value: string, eol = '\r\n') =>
  ['--x', `Content-Disposition: form-data; name="${name}"`, 'Content-Type: text/plain', '', value, '--x--', ''].join(
    eol,
  );

/** [what is posted, headers, body, whether it unsubscribes] */
const CLICKS: readonly (readonly [string, Record<string, string>, string, boolean])[] = [
  ['a form', FORM, 'List-Unsubscribe=One-Click', true],
  ['a form with an end of line', FORM, 'List-Unsubscribe=One-Click\r\n', true],
  ['a form without a type', {}, 'List-Unsubscribe=One-Click', true],
  ['a form with more', FORM, 'a=b&List-Unsubscribe=One-Click', true],
  ['parts', MULTIPART, part('List-Unsubscribe', 'One-Click'), true],
  ['parts with bare line feeds', MULTIPART, part('List-Unsubscribe', 'One-Click', '\n'), true],
  ['parts of another name', MULTIPART, part('Unsubscribe', 'One-Click'), false],
  ['parts of another value', MULTIPART, part('List-Unsubscribe', 'Two-Clicks'), false],
  ['nothing', FORM, '', false],
  ['another value', FORM, 'List-Unsubscribe=No', false],
  ['JSON', { 'content-type': 'application/json' }, '{"List-Unsubscribe":"One-Click"}', false],
  ['too much', FORM, `List-Unsubscribe=One-Click&x=${'x'.repeat(2 ** 20)}`, false],
  ['many parts', MULTIPART, 'name="List-Unsubscribe"\n'.repeat(40_000), false],
];

describe('A post to the link', () => {
  for (const [name, headers, body, counts] of CLICKS) {
    test(`of ${name} ${counts ? 'unsubscribes' : 'asks'}`, async () => {
      const { reply, news } = await ear.hear({ url: at(token()), headers, body });
      assert.deepEqual([reply.status, news], counts ? [200, [silenced(JANE)]] : [400, []]);
    });
  }
});

describe('Following the link', () => {
  test('asks on a page that runs nothing, loads nothing and says nobody’s name', async () => {
    const { reply, news } = await ear.hear({ method: 'GET', url: at(token()) });
    assert.deepEqual([reply.status, reply.type, news], [200, 'text/html', []]);
    const { body = '' } = reply;
    assert.match(body, /^<!DOCTYPE html>\n<html lang="en">/);
    assert.match(body, /<form method="post">[\s\S]*<button type="submit">Unsubscribe<\/button>/);
    assert.doesNotMatch(body, /<script|<style|<link|src=|href=|style=|\bon\w+=|jane/i);
  });

  test('and pressing its button unsubscribes', async () => {
    const url = at(token());
    const page = await (await fetch(url)).text();
    const [, name = '', value = ''] = /name="(List-Unsubscribe)" value="([^"]+)"/.exec(page) ?? [];
    const before = ear.heard.length;
    assert.equal((await fetch(url, { method: 'POST', body: new URLSearchParams({ [name]: value }) })).status, 200);
    assert.deepEqual(
      ear.heard.slice(before).flatMap(({ news }) => news),
      [silenced(JANE)],
    );
  });
});

const [content = '', signature = ''] = token().split('.');
const forged = Buffer.from('["john@example.com"]').toString('base64url');

/** [what is wrong, the token] */
const HOSTILE: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['no signature', content],
  ['an empty signature', `${content}.`],
  ['half a signature', `${content}.${signature.slice(0, 20)}`],
  ['a signature more', `${content}.${signature}.${signature}`],
  ['no content', `.${signature}`],
  ['another name', `${forged}.${signature}`],
  ['a changed letter', `${content.replace(/.$/, '_')}.${signature}`],
  ['another secret', new UnsubscribeLinks(`${SECRET}!`, 'dc-test').write({ names: [JANE], category: null }) ?? ''],
  ['another connection', new UnsubscribeLinks(SECRET, 'dc-other').write({ names: [JANE], category: null }) ?? ''],
  ['a space', `${token()} `],
  ['a great length', 'x'.repeat(100_000)],
  ['odd letters', '💥.💥'],
];

describe('A link that is not ours is refused, whoever it names', () => {
  for (const [name, u] of HOSTILE) {
    test(name, async () => {
      const pages = new Set<string | undefined>();
      for (const request of [{ method: 'GET' } as const, CLICK]) {
        const { reply, news, refused } = await ear.hear({ url: at(u), ...request });
        assert.deepEqual([reply.status, news], [403, []]);
        assert.match(refused ?? '', /not one of ours/);
        pages.add(reply.body);
      }
      assert.equal(pages.size, 1);
    });
  }

  test('as is every one where no secret is configured', async () => {
    const { unsubscribeSecret: _, ...bare } = SETTINGS;
    const deaf = await openTestEar({ channel: email, settings: bare });
    const { reply, news, refused } = await deaf.hear({ url: `${deaf.eventsUrl}?u=${token()}`, ...CLICK });
    assert.deepEqual([reply.status, news], [403, []]);
    assert.match(refused ?? '', /^unsubscribeSecret is not configured/);
  });
});

function open(settings: JsonObject = {}, publicUrl: string | null = ear.publicUrl): Desk {
  return openWith({ ...SETTINGS, ...settings }, publicUrl);
}

function openWith(settings: JsonObject, publicUrl: string | null = ear.publicUrl): Desk {
  const { urls, credentials } = sandbox;
  return openTestDesk({
    channel: email,
    settings: { ...settings, ...urls.smtp, ...credentials.smtp },
    address: { channelId: JANE, reference: null },
    publicUrl,
  });
}

/** Where the mails that arrived say one can unsubscribe. */
function links(): string[] {
  const bodies = sandbox.ledger.entries({ provider: 'smtp' }).map(({ body }) => body ?? '');
  return bodies.flatMap((body) => {
    const link = /^List-Unsubscribe: <([^>]+)>\r$/m.exec(body)?.[1];
    assert.equal(link !== undefined, body.includes('\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n'));
    return link === undefined ? [] : [link];
  });
}
