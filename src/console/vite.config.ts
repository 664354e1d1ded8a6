import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** A server to develop against: `npm run demo` says where its own is. */
const SERVER = process.env['BECKON_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react()],
  build: {
    outDir: fileURLToPath(new URL('../../dist/console', import.meta.url)),
    emptyOutDir: true,
    // Whatever can run modules and has the functions the client uses is newer than this.
    target: 'es2023',
    // The policy of the page allows no `data:` in scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [{ name: 'vendor', test: /node_modules[\\/](react|react-dom|scheduler|@radix-ui|radix-ui)[\\/]/ }],
        },
      },
    },
  },
  server: { proxy: { '/api': SERVER, '/docs': SERVER, '/openapi.json': SERVER } },
});
