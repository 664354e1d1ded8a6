// What `npm ci` runs in a clone (`prepare`). An installation without the development dependencies has nothing to build
// with: it takes dist/ along from where it was built, as the published package does.
import { fileURLToPath } from 'node:url';

const vite = await import('vite').catch(() => null);
if (vite === null)
  console.log('The console is not built: vite is not installed (npm ci without --omit=dev builds it).');
else {
  const configFile = fileURLToPath(new URL('vite.config.ts', import.meta.url));
  await vite.build({ configFile, logLevel: 'warn' });
}
