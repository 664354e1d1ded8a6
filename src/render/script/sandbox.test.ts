import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { before, describe, it } from 'node:test';
import { ENGINE_BYTES, LINEAR_BYTES } from './limits.ts';
import { MemoryImage } from './memory-image.ts';
import { OpenStep } from './open-step.ts';
import { type Images, Sandbox } from './sandbox.ts';

const CHUNK_BYTES = 65_536;
const LODASH = 'print(koreUtil._.capitalize(context.word))';

describe('a sandbox', () => {
  const images: Images = new Map();
  let wasm: WebAssembly.Module;
  before(async () => {
    const path = createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-sync/wasm');
    wasm = await WebAssembly.compile(await readFile(path));
  });

  const memoryOf = (bytes: number) =>
    new WebAssembly.Memory({ initial: bytes / CHUNK_BYTES, maximum: LINEAR_BYTES / CHUNK_BYTES });

  async function open(memory = memoryOf(ENGINE_BYTES)) {
    const sandbox = await Sandbox.open({ wasm, memory, images, beat: () => {} });
    const run = (tenant: string, source: string, context: object) =>
      new OpenStep(sandbox, { tenant, source, now: 0 }, (work) => work()).render({
        context: JSON.stringify(context),
        seed: 1,
      });
    return { sandbox, memory, run };
  }

  const holds = ({ buffer }: WebAssembly.Memory, secret: string): boolean => Buffer.from(buffer).includes(secret);

  it('holds nothing of a tenant when the next one’s script begins, however much memory the first one took', async () => {
    const { sandbox, memory, run } = await open();
    const before = memory.buffer.byteLength;
    const source =
      'globalThis.kept = []; for (let i = 0; i < 6; i++) kept.push(context.word + "x".repeat(2e6) + i); print(1)';
    // A slow machine may stop it early; what it had until then is there all the same.
    for (let tries = 0; tries < 20 && memory.buffer.byteLength === before; tries += 1) {
      run('st-one', source, { word: 'xyzzy-42' });
    }
    assert.ok(memory.buffer.byteLength > before, 'it grew');
    assert.ok(holds(memory, 'xyzzy-42'), 'while it is there it can be found');
    sandbox.begin({ tenant: 'st-two', now: 0 }, []);
    assert.ok(!holds(memory, 'xyzzy-42'));
    assert.deepEqual(run('st-two', 'print(typeof kept)', {}), { ok: true, output: 'undefined' });
  });

  it('holds nothing of it either once a library was loaded for the next one', async () => {
    const { memory, run } = await open();
    images.delete('_');
    run('st-one', 'print(context.word)', { word: 'xyzzy-43' });
    assert.deepEqual(run('st-two', LODASH, { word: 'fred' }), { ok: true, output: 'Fred' });
    assert.ok(!holds(memory, 'xyzzy-43'));
    run('st-one', LODASH, { word: 'xyzzy-44' });
    assert.deepEqual(run('st-two', LODASH, { word: 'fred' }), { ok: true, output: 'Fred' });
    assert.ok(!holds(memory, 'xyzzy-44'));
  });

  it('is byte by byte as new for the next tenant, whatever was written wherever there is memory', async () => {
    const { sandbox, memory, run } = await open(memoryOf(LINEAR_BYTES));
    sandbox.begin({ tenant: 'st-one', now: 0 }, ['_']);
    sandbox.begin({ tenant: 'st-two', now: 0 }, ['_']);
    const asNew = Buffer.from(memory.buffer.slice(0));
    new Uint8Array(memory.buffer).fill(0xaa);
    sandbox.begin({ tenant: 'st-three', now: 0 }, ['_']);
    assert.equal(Buffer.compare(Buffer.from(memory.buffer), asNew), 0);
    assert.deepEqual(run('st-four', LODASH, { word: 'fred' }), { ok: true, output: 'Fred' });
  });

  it('takes over the memory of one that broke off, and nothing of what is in it', async () => {
    const { memory, run } = await open();
    run('st-one', 'print(context.word)', { word: 'xyzzy-45' });
    new Uint8Array(memory.buffer).fill(0xaa, CHUNK_BYTES);
    const next = await open(memory);
    assert.ok(!holds(memory, 'xyzzy-45'));
    const asNew = await open();
    assert.equal(Buffer.compare(Buffer.from(memory.buffer), Buffer.from(asNew.memory.buffer)), 0);
    assert.deepEqual(next.run('st-two', LODASH, { word: 'fred' }), { ok: true, output: 'Fred' });
  });

  it('never has more memory than it may, however a script asks for it', async () => {
    const { memory, run } = await open();
    const source = 'const a = []; for (;;) try { a.push("x".repeat(1e5) + a.length); } catch (e) {}';
    run('st-one', source, {});
    const { byteLength } = memory.buffer;
    assert.ok(byteLength > ENGINE_BYTES && byteLength <= LINEAR_BYTES, `${byteLength}`);
  });

  it('uses what another sandbox loaded, and gives the same answers with memory full of rubbish', async () => {
    await (await open()).run('st-one', LODASH, { word: 'x' });
    const loaded = images.get('_');
    assert.ok(loaded);
    const { memory, run } = await open();
    run('st-one', 'print(1)', {});
    const end = MemoryImage.of(memory).bytes;
    new Uint8Array(memory.buffer).fill(0xaa, end + 4 * CHUNK_BYTES);
    const source =
      'let t = ""; for (let i = 0; i < 5e4; i++) t += i; print(koreUtil._.chunk([...t.slice(0, 8)], 2).join("|") + t.length)';
    const rubbish = run('st-one', source, {});
    assert.deepEqual(rubbish, (await open()).run('st-one', source, {}));
    assert.deepEqual(rubbish, { ok: true, output: '0,1|2,3|4,5|6,7238890' });
    assert.equal(images.get('_'), loaded);
  });
});

describe('an image of memory', () => {
  it('brings back what was there, and leaves or empties what was not', () => {
    const memory = new WebAssembly.Memory({ initial: 4, maximum: 8 });
    const bytes = () => new Uint8Array(memory.buffer);
    bytes()[CHUNK_BYTES + 7] = 1;
    const image = MemoryImage.of(memory);
    bytes().fill(9);
    memory.grow(1);
    bytes()[4 * CHUNK_BYTES] = 9;
    image.putBack(memory, { wholly: false });
    assert.deepEqual([...bytes().subarray(0, CHUNK_BYTES)].filter(Boolean), []);
    assert.equal(bytes()[CHUNK_BYTES + 7], 1);
    assert.equal(bytes()[CHUNK_BYTES + 8], 0);
    assert.equal(bytes()[2 * CHUNK_BYTES], 9);
    image.putBack(memory, { wholly: true });
    assert.ok(
      bytes()
        .subarray(2 * CHUNK_BYTES)
        .every((byte) => byte === 0),
    );
    assert.ok(image.isIn(memory));
    bytes()[CHUNK_BYTES + 8] = 2;
    assert.ok(!image.isIn(memory));
  });
});
