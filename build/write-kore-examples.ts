/** `npm run docs:examples`: the files about Kore.ai's routes, made anew of the description of this version. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeKoreExamples } from './kore-examples.ts';

const root = new URL('..', import.meta.url);
const beckon = fileURLToPath(new URL('bin/beckon.mjs', root));
const document = JSON.parse(
  execFileSync(process.execPath, [beckon, 'openapi'], { encoding: 'utf8', maxBuffer: 64 << 20 }),
);
for (const [path, text] of Object.entries(writeKoreExamples(document))) writeFileSync(new URL(path, root), text);
