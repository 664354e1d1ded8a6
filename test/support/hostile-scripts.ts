import type { FaultKind } from '../../src/render/script/fault.ts';

/** What may come of a hostile script: the kind of its fault, or that it prints something harmless. */
export type Expected = readonly (FaultKind | 'printed')[];

const loops: readonly [name: string, source: string, Expected][] = [
  ['while', 'while (true) {}', ['time']],
  ['for without a body', 'for (;;);', ['time']],
  ['do while with work', 'let i = 0; do { i += Math.sqrt(i); } while (i > -1);', ['time']],
  ['catch and go on', 'for (;;) { try { for (;;); } catch (e) {} }', ['time']],
  ['finally and go on', '(function f() { try { for (;;); } finally { f(); } })()', ['time']],
  ['catch and recurse', '(function f() { try { f(); } catch (e) { f(); } })()', ['time']],
  ['endless recursion', '(function f() { f(); })()', ['thrown']],
  [
    'mutual recursion through getters',
    'const o = { get a() { return this.b; }, get b() { return this.a; } }; o.a',
    ['thrown'],
  ],
  ['recursion through toString', 'const o = { toString() { return "" + this; } }; print("" + o)', ['thrown']],
  ['endless generator', 'const g = function* () { for (;;) yield 1; }; for (const x of g());', ['time']],
  ['endless spread', 'print([...{ *[Symbol.iterator]() { for (;;) yield 1; } }].length)', ['time', 'memory']],
  ['growing while iterated', 'const s = new Set([1]); for (const x of s) { s.delete(x); s.add(x); }', ['time']],
  ['endless thenables', 'const p = { then(f) { f(p); } }; Promise.resolve(p); print("x")', ['printed']],
  ['microtask storm', 'const f = () => Promise.resolve().then(f); f(); print("x")', ['printed']],
  ['regular expression', '/^(a+)+$/.test("a".repeat(40) + "!")', ['time', 'thrown']],
  ['regular expression, nested', '/(x+x+)+y/.exec("x".repeat(60))', ['time', 'thrown']],
  [
    'sort with a lying comparison',
    'new Array(2e5).fill(0).sort(() => 1 - Math.random() * 2)',
    ['time', 'memory', 'output'],
  ],
];

const builtIns: readonly [name: string, source: string, Expected][] = [
  ['indexOf of a huge array-like', 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)', ['time']],
  ['lastIndexOf of a huge array-like', 'Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1)', ['time']],
  ['includes of a huge array-like', 'Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1)', ['time']],
  ['join of a sparse array', 'print(new Array(2 ** 32 - 1).join("").length)', ['time', 'memory', 'thrown']],
  ['reverse of a sparse array', 'const a = []; a.length = 2 ** 32 - 1; a.reverse()', ['time', 'memory', 'thrown']],
  ['fill of a huge array-like', 'Array.prototype.fill.call({ length: 2 ** 53 - 1 }, 0)', ['time', 'memory']],
  ['sort of a sparse array', 'const a = []; a[2 ** 32 - 2] = 1; a.sort()', ['time', 'memory', 'thrown']],
  [
    'copyWithin of a huge array-like',
    'Array.prototype.copyWithin.call({ length: 2 ** 53 - 1 }, 0, 1)',
    ['time', 'memory'],
  ],
  ['String.raw of a huge length', 'String.raw({ raw: { length: 2 ** 53 - 1 } })', ['time', 'memory', 'thrown']],
  ['BigInt squaring', 'let n = 3n; for (;;) n *= n;', ['time', 'memory', 'thrown']],
  ['BigInt to text', 'print(String(7n ** 200000n).length)', ['time', 'memory', 'thrown', 'printed']],
  ['BigInt power', '2n ** (2n ** 40n)', ['time', 'memory', 'thrown']],
  ['BigInt modulo', '(3n ** 300000n) % (7n ** 90000n)', ['time', 'memory', 'thrown', 'output']],
  [
    'replaceAll of everything',
    'print("a".repeat(3e5).replaceAll("", "b".repeat(50)).length)',
    ['time', 'memory', 'printed'],
  ],
  ['split and join', 'print("a".repeat(1e6).split("").join("bbbbbbbb").length)', ['time', 'memory', 'printed']],
  ['padding', 'print("".padStart(2 ** 30, "ab").length)', ['memory', 'thrown', 'time']],
  ['repeat', 'print("ab".repeat(2 ** 29).length)', ['memory', 'thrown', 'time']],
  ['TypedArray sort', 'const a = new Float64Array(1e6).map(() => Math.random()); a.sort()', ['time', 'memory']],
  ['JSON of a huge array', 'print(JSON.stringify(new Array(1e7)).length)', ['time', 'memory', 'thrown']],
  ['Date parsing', 'for (;;) Date.parse("x".repeat(1e4))', ['time']],
];

const hoarders: readonly [name: string, source: string, Expected][] = [
  ['growing array', 'const a = []; for (;;) a.push(new Array(1e4).fill(1));', ['memory', 'time']],
  ['growing text', 'let s = "x"; for (;;) s += s;', ['memory', 'thrown', 'time']],
  ['buffers', 'const a = []; for (;;) a.push(new ArrayBuffer(1e6));', ['memory', 'thrown', 'time']],
  ['one huge buffer', 'new ArrayBuffer(2 ** 31 - 1)', ['memory', 'thrown']],
  [
    'catches that memory is out',
    'const a = []; for (;;) try { a.push("x".repeat(1e5) + a.length); } catch (e) {}',
    ['memory', 'time'],
  ],
  ['growing closure chain', 'let f = () => 0; for (;;) { const g = f; f = () => g(); }', ['memory', 'time']],
  ['growing globals', 'for (let i = 0; ; i++) globalThis["g" + i] = "x".repeat(1e3)', ['memory', 'time']],
  ['prints without end', 'for (;;) print("x".repeat(100))', ['output']],
  ['prints without end and catches', 'for (;;) try { print("x".repeat(1e4)) } catch (e) { break }', ['output']],
  ['prints too much at once', 'print("\u{1F600}".repeat(20000))', ['output']],
  ['prints too much in bytes only', 'print("\u20AC".repeat(30000))', ['output']],
];

const deep = (open: string, close: string, times: number) => `${open.repeat(times)}1${close.repeat(times)}`;

const nesters: readonly [name: string, source: string, Expected][] = [
  ['source within the depth', `print(String(${deep('(', ')', 190)}))`, ['printed']],
  ['unary operators', `print(String(${'!'.repeat(60_000)}1))`, ['syntax', 'sandbox', 'memory']],
  ['arrows', `${'a=>'.repeat(16_000)}1; print("x")`, ['syntax', 'sandbox', 'memory', 'printed', 'time']],
  ['conditions', `print(String(${'1?1:'.repeat(13_000)}1))`, ['syntax', 'sandbox', 'memory', 'printed', 'time']],
  ['assignments', `let a; ${'a='.repeat(30_000)}1; print("x")`, ['syntax', 'sandbox', 'memory', 'printed', 'time']],
  ['powers', `print(String(${'1**'.repeat(20_000)}1))`, ['syntax', 'sandbox', 'memory', 'printed', 'time']],
  ['else if', `${'if(0);else '.repeat(5_000)}print("x")`, ['syntax', 'sandbox', 'memory', 'printed', 'time']],
  ['new', `${'new '.repeat(15_000)}Object; print("x")`, ['syntax', 'sandbox', 'memory', 'thrown', 'time']],
  ['source made at run time', 'eval("[".repeat(1e5) + "]".repeat(1e5))', ['thrown', 'sandbox', 'memory', 'time']],
  ['function made at run time', 'new Function("(".repeat(1e5))', ['thrown', 'sandbox', 'memory', 'time']],
  ['JSON read at run time', 'JSON.parse("[".repeat(1e6))', ['thrown', 'sandbox', 'memory', 'time']],
  [
    'JSON written',
    'let a = []; for (let i = 0; i < 1e5; i++) a = [a]; print(a)',
    ['thrown', 'sandbox', 'memory', 'time'],
  ],
  ['regular expression', 'new RegExp("(".repeat(1e5) + ")".repeat(1e5))', ['thrown', 'sandbox', 'memory', 'time']],
  [
    'prototype chain',
    'let o = {}; for (let i = 0; i < 2e5; i++) o = Object.create(o); o.x',
    ['time', 'memory', 'thrown', 'output', 'sandbox'],
  ],
  [
    'proxies in proxies',
    'let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); print(p.x)',
    ['thrown', 'sandbox', 'memory', 'time'],
  ],
  [
    'bound functions',
    'let f = () => 1; for (let i = 0; i < 1e5; i++) f = f.bind(); f()',
    ['thrown', 'sandbox', 'memory', 'time'],
  ],
];

/** Each tries to get at the host, and prints what it got: nothing, if all is well. */
export const ESCAPES: readonly [name: string, source: string][] = [
  ...['process', 'require', 'module', 'global', 'Buffer', 'fetch', 'setTimeout', 'WebAssembly', 'Worker', 'Deno'].map(
    (name): [string, string] => [name, `print(typeof ${name})`],
  ),
  [
    'constructor.constructor',
    'print(typeof this.constructor.constructor("return typeof process === \'undefined\' ? undefined : process")())',
  ],
  ['print.constructor', 'print(typeof print.constructor("return this.process")())'],
  [
    'koreUtil getters',
    'print(typeof Object.getOwnPropertyDescriptor(koreUtil, "moment").get.constructor("return this.process")())',
  ],
  ['context.constructor', 'print(typeof context.constructor.constructor("return this.process")())'],
  ['caller', 'function f() { return typeof f.caller }; try { print(f()) } catch (e) { print("undefined") }'],
  ['arguments.callee.caller', 'try { print(typeof arguments.callee.caller) } catch (e) { print("undefined") }'],
  [
    'prepareStackTrace',
    'let got; Error.prepareStackTrace = (e, s) => { got = s; return s }; new Error().stack; print(typeof (got && got[0] && got[0].getThis && got[0].getThis()))',
  ],
  [
    'Symbol.species',
    'class A extends Array { static get [Symbol.species]() { return function () { return context } } }; print(typeof new A(1, 2).map((x) => x).process)',
  ],
  ['__proto__ of the context', 'context.__proto__.polluted = 1; print(typeof process)'],
  [
    'getOwnPropertyNames',
    'print(Object.getOwnPropertyNames(globalThis).filter((n) => /^(qjs|std|os|host|Q)/.test(n)).length === 0 ? "undefined" : "found")',
  ],
  ['std and os modules', 'print(typeof std + typeof os === "undefinedundefined" ? "undefined" : "found")'],
];

const liars: readonly [name: string, source: string, Expected][] = [
  ['import()', 'import("node:fs").then((fs) => print("got it"))', ['output']],
  ['import statement', 'import fs from "node:fs"; print("x")', ['syntax']],
  ['closes the wrapper', '}); print("outside"); (function () {', ['output', 'syntax', 'thrown']],
  ['closes the wrapper and leaves a number', '}); 5; ({', ['syntax', 'output']],
  ['throws a proxy', 'throw new Proxy({}, { get() { throw 1 } })', ['thrown']],
  ['throws a proxy that never ends', 'throw new Proxy({}, { get() { for (;;); } })', ['time']],
  ['throws an error with endless getters', 'throw { get name() { for (;;); } }', ['time']],
  ['throws a symbol', 'throw Symbol("x")', ['thrown']],
  ['throws null', 'throw null', ['thrown']],
  ['throws a huge message', 'throw new Error("x".repeat(1e6))', ['thrown']],
  ['throws with line breaks and controls', 'throw new Error("a\\n\\u0007\\u202eb")', ['thrown']],
  [
    'prints a proxy',
    'print(new Proxy({}, { get: () => () => ({}), ownKeys: () => ["a"], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }) }))',
    ['printed', 'thrown'],
  ],
  ['prints what has an endless toJSON', 'print({ toJSON() { for (;;); } })', ['time']],
  ['prints what has a toJSON that throws', 'print({ toJSON() { throw new Error("no") } })', ['thrown']],
  ['prints a cycle', 'const a = {}; a.a = a; print(a)', ['thrown']],
  ['pollutes toJSON', 'Object.prototype.toJSON = () => "bent"; print({ a: 1 })', ['printed']],
  ['pollutes arrays', 'Object.defineProperty(Array.prototype, "0", { set() { for (;;); } }); print("x")', ['printed']],
  ['replaces JSON', 'JSON.stringify = JSON.parse = () => { for (;;); }; print("x")', ['printed']],
  ['replaces print', 'print = () => {}; globalThis.print = 1; print("still there")', ['printed']],
  ['replaces Reflect.apply', 'Reflect.apply = () => { for (;;); }; print("x")', ['printed']],
  ['replaces globalThis', 'globalThis = {}; print("x")', ['printed']],
  [
    'deletes everything',
    'for (const k of Object.getOwnPropertyNames(globalThis)) { try { delete globalThis[k] } catch (e) {} }; print("x")',
    ['printed'],
  ],
  ['freezes everything', 'Object.freeze(globalThis); Object.freeze(Object.prototype); print("x")', ['printed']],
  ['prints __proto__', 'print(\'{"__proto__":{"polluted":1},"a":1}\')', ['printed']],
  ['answers a rendering itself', 'return "oforged"', ['output']],
  ['asks for a library that is none', 'koreUtil["__proto__"]; print(String(koreUtil.constructor.name))', ['printed']],
  [
    'asks for locales by path',
    'koreUtil.moment().locale("../../moment/package"); print(koreUtil.moment.locale())',
    ['printed'],
  ],
  [
    'asks Intl nonsense',
    'try { koreUtil.intl.NumberFormat("x".repeat(99)).format(1) } catch (e) { print(e.message) }',
    ['printed', 'thrown'],
  ],
  [
    'asks Intl without end',
    'for (let i = 0; ; i++) koreUtil.intl.NumberFormat("en").format(i)',
    ['time', 'thrown', 'memory'],
  ],
  [
    'asks Intl again and again',
    'let n = "0"; for (let i = 0; i < 20; i++) n = koreUtil.intl.NumberFormat("en").format(Number(n) + 1); print(n)',
    ['thrown'],
  ],
  [
    'shared memory',
    'typeof SharedArrayBuffer === "function" ? Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) : print("x")',
    ['thrown', 'printed', 'time'],
  ],
  [
    'WeakRef and finalizers',
    'const r = new FinalizationRegistry(() => { for (;;); }); for (let i = 0; i < 1e4; i++) r.register({}, 1); print("x")',
    ['printed', 'thrown'],
  ],
];

/** By family: the name, the source, and what may come of it. */
export const HOSTILE_SCRIPTS = { loops, builtIns, hoarders, nesters, liars } as const;
