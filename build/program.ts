/**
 * Part of `npm run build`: the program as JavaScript in `dist/`, for packages, because Node reads no TypeScript under
 * `node_modules`. What `tsconfig.build.json` does not reach from the program's own entries is not there: no test is.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);
const dist = new URL('dist/', root);
const compiler = new URL('bin/tsc', import.meta.resolve('typescript/package.json'));

mkdirSync(dist, { recursive: true });
// The console has a build of its own, and a server may be showing it just now.
for (const name of readdirSync(dist)) if (name !== 'console') rmSync(new URL(name, dist), { recursive: true });
execFileSync(process.execPath, [fileURLToPath(compiler), '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
mkdirSync(new URL('reference', dist));
for (const name of ['swagger-ui-bundle.js', 'swagger-ui-bundle.js.LICENSE.txt', 'swagger-ui.css']) {
  copyFileSync(new URL(import.meta.resolve(`swagger-ui-dist/${name}`)), new URL(`reference/${name}`, dist));
}
// What scripts are run with is JavaScript already, and has to stay as it was written.
for (const path of globSync('render/script/*.js', { cwd: new URL('src/', root) })) {
  copyFileSync(new URL(`src/${path}`, root), new URL(path, dist));
}
