import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '../../model/clock.ts';
import type { Rendering } from './fault.ts';
import { openScriptRenderer, type ScriptRenderer } from './renderer.ts';

/** 2026-03-01T10:00:00.789Z, a Sunday */
const NOW = 1_772_359_200_789;

// A machine whose own zone is not UTC: threads started from here would take it over.
process.env['TZ'] = 'Asia/Kolkata';

describe('script renderer', () => {
  let renderer: ScriptRenderer;
  before(() => {
    renderer = openScriptRenderer({ clock: systemClock });
  });
  after(() => renderer.close());

  const run = (source: string, contexts: readonly unknown[] = [{}], more: { botId?: string; from?: number } = {}) =>
    renderer.render({
      botId: more.botId ?? 'st-1',
      notificationId: 'ds-1',
      source,
      createdAt: NOW,
      recipients: contexts.map((context, index) => ({
        seq: (more.from ?? 0) + index,
        context: JSON.stringify(context),
      })),
    });

  it('keeps a thread for scripts that did well before, whoever is stuck', async () => {
    const stuck = 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)';
    await run('print("again")', [{}], { botId: 'st-known' });
    const ended: string[] = [];
    const note = (name: string) => () => void ended.push(name);
    // Enough of them to outlast the start of a thread, should there be only one by now.
    const others = Array.from({ length: 20 }, (_, number) => `st-stuck-${number}`);
    await Promise.all([
      ...others.map((botId) => run(stuck, [{}], { botId }).then(note(botId))),
      run('print("again")', [{}], { botId: 'st-known' }).then(note('known')),
    ]);
    assert.notEqual(ended.at(-1), 'known', ended.join());
  });

  const outputs: readonly [what: string, source: string, output: string][] = [
    ['a text as it is', 'print("Hi\\n{name} \u{1F600}")', 'Hi\n{name} \u{1F600}'],
    ['several prints, one after the other', 'print("a"); print("b"); print(1)', 'ab1'],
    ['anything else as JSON', 'print({ a: [1, null, "x"] }); print(true); print(null)', '{"a":[1,null,"x"]}truenull'],
    ['what JSON has no words for', 'print(undefined); print(10n)', 'undefined10'],
    ['what the context says', 'print(context.who)', 'Ann'],
    ['up to a return', 'print("a"); return; print("b")', 'a'],
    ['after a comment on the last line', 'print("a") // done', 'a'],
    ['with names nobody declared', 'for (i = 0; i < 3; i++) print(i)', '012'],
    ['beside what goes to the debugger', 'koreDebugger.log("x"); console.log("y"); print("z")', 'z'],
    ['with the time the notification was accepted', 'print(new Date().toISOString())', '2026-03-01T10:00:00.789Z'],
    ['with a clock that stands still', 'let t = Date.now(); for (let i = 0; i < 1e5; i++); print(Date.now() - t)', '0'],
    [
      'with local time in UTC',
      'print(new Date(2026, 6, 1, 12).toISOString() + new Date().getTimezoneOffset())',
      '2026-07-01T12:00:00.000Z0',
    ],
    ['with the weekday of UTC', 'print(new Date().toString())', 'Sun Mar 01 2026 10:00:00 GMT+0000'],
  ];
  for (const [what, source, output] of outputs) {
    it(`prints ${what}`, async () => {
      assert.deepEqual(await run(source, [{ who: 'Ann' }]), [{ ok: true, output }]);
    });
  }

  const faults: readonly [what: string, source: string, kind: string, line: number | null, reason: RegExp][] = [
    ['a script that does not compile', 'print("a");\n\nprint(;', 'syntax', 3, /^SyntaxError: unexpected token/],
    ['an unknown name', '\nprint(foo)', 'thrown', 2, /^ReferenceError: '?foo'? is not defined$/],
    ['a throw of its own', 'var a;\nvar b;\nthrow new Error("no dates left")', 'thrown', 3, /^Error: no dates left$/],
    [
      'a throw inside a function',
      'function f() {\n  null.x;\n}\n\nf()',
      'thrown',
      2,
      /^TypeError: cannot read property 'x' of null$/,
    ],
    ['a throw of a text', 'throw "never mind"', 'thrown', null, /^never mind$/],
    ['a throw of nothing', 'throw undefined', 'thrown', null, /^undefined$/],
    ['a library used wrongly', '\n\nnew koreUtil.rrule({ freq: "x" }).all()', 'thrown', 3, /Error/],
    ['silence', 'var a = 1;', 'output', null, /^printed nothing$/],
    ['blanks', 'print(" \\n ")', 'output', null, /^printed nothing$/],
    ['a loop in a function', '\n\nfunction f() {\n  while (true);\n}\nf()', 'time', 3, /^took more than 50 ms$/],
    ['a loop', 'while (true);', 'time', null, /^took more than 50 ms$/],
    [
      'a library only conversations have',
      'koreUtil.closeConversationSession()',
      'thrown',
      1,
      /belongs to a conversation/,
    ],
    ['a hash nobody knows', 'koreUtil.hash("md5")', 'thrown', 1, /sha1, sha224, sha256/],
    ['what comes later', 'Promise.resolve().then(() => print("late"))', 'output', null, /^printed nothing$/],
  ];
  for (const [what, source, kind, line, reason] of faults) {
    it(`tells ${what}`, async () => {
      const [rendering] = await run(source);
      assert.ok(rendering && !rendering.ok, JSON.stringify(rendering));
      assert.deepEqual([rendering.fault.kind, rendering.fault.line], [kind, line], rendering.fault.reason);
      assert.match(rendering.fault.reason, reason);
    });
  }

  it('refuses a context of more than 1 MiB, for that recipient only', async () => {
    const [big, small] = await run('print(context.length)', ['x'.repeat(1_048_576), 'x'.repeat(1_000_000)]);
    assert.ok(big && !big.ok);
    assert.match(big.fault.reason, /more than 1024 KiB/);
    assert.deepEqual(small, { ok: true, output: '1000000' });
  });

  it('lets nobody find what the script left behind for somebody else', async () => {
    const source = 'if (context.first) name = "Ann"; print(typeof name + " " + typeof globalThis.name)';
    assert.deepEqual(outputsOf(await run(source, [{ first: true }, {}, {}])), [
      'string string',
      'undefined undefined',
      'undefined undefined',
    ]);
    const locale =
      'if (context.first) { koreUtil.moment.locale("de"); koreUtil.momenttz.setDefault("Asia/Tokyo") } print(koreUtil.moment().format("dddd H"))';
    assert.deepEqual(outputsOf(await run(locale, [{ first: true }, {}])), ['Sonntag 19', 'Sunday 10']);
  });

  it('renders the same wherever and however often it is done, with chance of its own for each recipient', async () => {
    const source = 'print(Math.random() + " " + koreUtil._.shuffle([1, 2, 3, 4, 5, 6, 7, 8]) + " " + Date.now())';
    const contexts = Array.from({ length: 250 }, () => ({}));
    const all = outputsOf(await run(source, contexts));
    assert.ok(new Set(all).size > 240);
    const elsewhere = openScriptRenderer({ clock: systemClock });
    const [tail] = await elsewhere.render({
      botId: 'st-2',
      notificationId: 'ds-1',
      source,
      createdAt: NOW,
      recipients: [{ seq: 249, context: '{}' }],
    });
    await elsewhere.close();
    assert.deepEqual(tail, { ok: true, output: all[249] });
  });

  it('takes its time over an honest script that needs some: 200 recipients of several milliseconds each', async () => {
    const source = 'var t = 0; for (var i = 0; i < 1e5; i++) t += i; print(t)';
    const renderings = await run(
      source,
      Array.from({ length: 200 }, () => ({})),
    );
    assert.deepEqual(new Set(outputsOf(renderings)), new Set(['4999950000']));
  });

  it('keeps what tenants load and change apart', async () => {
    await run('koreUtil._.theirs = 1; Array.prototype.theirs = 1; print("x")', [{}], { botId: 'st-one' });
    const [other] = await run('print(typeof koreUtil._.theirs + typeof [].theirs)', [{}], { botId: 'st-other' });
    assert.deepEqual(other, { ok: true, output: 'undefinedundefined' });
  });

  it('serves many tenants at once', async () => {
    const bots = Array.from({ length: 40 }, (_, index) => `st-many-${index}`);
    const renderings = await Promise.all(bots.map((botId) => run('print("x")', [{}, {}], { botId })));
    assert.ok(renderings.flat().every((rendering) => rendering.ok));
  });
});

describe('a script that hangs where nothing asks whether it may go on', () => {
  const HANG = 'if (context.hang) Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); print("well")';
  let renderer: ScriptRenderer;
  let nowMs: number;
  /** While it is not null, nobody looks after the threads; whoever would have is in it. */
  let parked: Set<() => void> | null;
  beforeEach(() => {
    nowMs = 0;
    parked = null;
    const monotonic = () => nowMs + systemClock.monotonic();
    const after = (delayMs: number, task: () => void) => {
      if (parked === null) return systemClock.after(delayMs, task);
      const those = parked.add(task);
      return () => void those.delete(task);
    };
    renderer = openScriptRenderer({ clock: { ...systemClock, monotonic, after } });
  });
  afterEach(() => renderer.close());

  const run = (hangs: readonly boolean[], botId = 'st-1', source = HANG) =>
    renderer.render({
      botId,
      notificationId: 'ds-1',
      source,
      createdAt: NOW,
      recipients: hangs.map((hang, seq) => ({ seq, context: JSON.stringify({ hang }) })),
    });

  const kinds = (renderings: readonly Rendering[]) =>
    renderings.map((rendering) => (rendering.ok ? rendering.output : rendering.fault.kind));

  it('fails for whom it hangs, and for nobody else', async () => {
    assert.deepEqual(kinds(await run([false, false, true, false])), ['well', 'well', 'time', 'well']);
  });

  it('is broken off within its thread, with nobody looking, as long as it was never seen to end', async () => {
    parked = new Set();
    assert.deepEqual(kinds(await run([true])), ['time']);
    assert.deepEqual(kinds(await run([false])), ['well']);
  });

  it('is switched off after the second time, for ten minutes, for that tenant', async () => {
    assert.deepEqual(kinds(await run([true, false, true, false])), ['time', 'well', 'time', 'disabled']);
    assert.deepEqual(kinds(await run([false])), ['disabled']);
    assert.deepEqual(kinds(await run([false], 'st-2')), ['well']);
    assert.deepEqual(kinds(await run([false], 'st-1', `${HANG};`)), ['well']);
    nowMs += 10 * 60_000;
    assert.deepEqual(kinds(await run([false])), ['well']);
  });

  it('holds up no other tenant', async () => {
    await Promise.all([run([false]), run([false], 'st-2')]);
    const unwatched = new Set<() => void>();
    parked = unwatched;
    let hanging = true;
    const hung = run([true]).finally(() => {
      hanging = false;
    });
    for (let round = 0; round < 5; round += 1)
      assert.deepEqual(kinds(await run([false, false], 'st-2')), ['well', 'well']);
    assert.ok(hanging);
    parked = null;
    for (const look of unwatched) look();
    assert.deepEqual(kinds(await hung), ['time']);
  });

  it('is answered when the renderer is closed meanwhile', async () => {
    const hung = run([true, false]);
    await renderer.close();
    assert.equal((await hung).length, 2);
  });
});

describe('programs that a grammar makes', () => {
  it('end, typed, and change nothing outside', async () => {
    const renderer = openScriptRenderer({ clock: systemClock });
    const before = [Object.getOwnPropertyNames(globalThis).length, JSON.stringify(process.env)];
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(program, { minLength: 40, maxLength: 40 }), async (programs) => {
          const renderings = await Promise.all(
            programs.map((source, index) =>
              renderer.render({
                botId: `st-${index % 8}`,
                notificationId: 'ds-1',
                source,
                createdAt: NOW,
                recipients: [{ seq: 0, context: '{"a":{"b":[1,"x"]}}' }],
              }),
            ),
          );
          for (const [rendering] of renderings) {
            assert.ok(rendering);
            if (rendering.ok) assert.doesNotMatch(rendering.output, /node:|\/usr|\/proc/);
            else assert.notEqual(rendering.fault.kind, 'disabled');
          }
        }),
        { numRuns: 40 },
      );
    } finally {
      await renderer.close();
    }
    assert.deepEqual([Object.getOwnPropertyNames(globalThis).length, JSON.stringify(process.env)], before);
  });
});

/** Expressions that reach for whatever there is to reach, and statements around them. */
const { program } = fc.letrec<{ program: string; statement: string; expression: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      'context',
      'this',
      'globalThis',
      'print',
      'koreUtil',
      'Object',
      'Reflect',
      '0',
      '-1',
      '2**31',
      '"a"',
      '[]',
    ),
    fc.constantFrom(
      '{}',
      'null',
      'Symbol.iterator',
      'Array.prototype',
      'function(){return this}',
      '/a/g',
      'new Proxy({},{})',
    ),
    fc
      .tuple(tie('expression'), fc.constantFrom('constructor', '__proto__', 'prototype', 'call', 'length', 'then', 'a'))
      .map(([on, key]) => `(${on}).${key}`),
    fc.tuple(tie('expression'), tie('expression')).map(([on, key]) => `(${on})[${key}]`),
    fc.tuple(tie('expression'), tie('expression')).map(([callee, value]) => `(${callee})(${value})`),
    fc
      .tuple(tie('expression'), fc.constantFrom('+', '*', '**', '==', 'in', 'instanceof', ','), tie('expression'))
      .map(([one, by, other]) => `(${one}) ${by} (${other})`),
  ),
  statement: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('expression').map((value) => `print(${value});`),
    tie('expression').map((value) => `try { ${value}; } catch (e) { print(e); }`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('a', 'constructor', 'toJSON', 'toString', '__proto__', '0'),
        tie('expression'),
      )
      .map(([on, key, value]) => `(${on}).${key} = ${value};`),
    fc.tuple(tie('expression'), tie('statement')).map(([value, body]) => `for (const k in (${value})) { ${body} }`),
    fc.tuple(tie('expression'), tie('statement')).map(([value, body]) => `if (${value}) { ${body} }`),
  ),
  program: fc.array(tie('statement'), { minLength: 1, maxLength: 4 }).map((statements) => statements.join('\n')),
}));

const outputsOf = (renderings: readonly Rendering[]) =>
  renderings.map((rendering) => (rendering.ok ? rendering.output : rendering.fault.reason));
