import { parseArgs } from 'node:util';
import { loadProduct, Stores } from './product.ts';
import { runWorld } from './world.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string' }, seeds: { type: 'string', default: '1000' }, from: { type: 'string', default: '1' }, root: {type:'string'} },
});
const product = await loadProduct(values.root);
const stores = new Stores(product);
if (values.seed !== undefined) {
  const v = await runWorld(product, stores, Number(values.seed));
  console.log(v.trace.join('\n'));
  console.log(v.violations, v.traceHash, v.virtualMs);
} else {
  const t = performance.now();
  const n = Number(values.seeds);
  let bad = 0; let virt = 0;
  const kinds = new Map<string, [number, number]>();
  for (let s = Number(values.from); s < Number(values.from) + n; s++) {
    const t0 = performance.now();
    const v = await runWorld(product, stores, s);
    virt += v.virtualMs;
    if (performance.now() - t0 > 300) console.log('slow', s, performance.now() - t0, v.virtualMs);
    if (v.violations.length > 0) {
      bad++;
      const key = (v.violations[0] ?? '').replace(/ds-[-0-9a-f]+/, 'N').replace(/\d+/g, '#');
      const known = kinds.get(key);
      kinds.set(key, [(known?.[0] ?? 0) + 1, known?.[1] ?? s]);
    }
  }
  console.log(bad, 'bad of', n, n / ((performance.now() - t) / 1000), 'seeds/s', virt / n, 'virtual ms each');
  console.log([...kinds].sort((a, b) => b[1][0] - a[1][0]).slice(0, 30));
}
