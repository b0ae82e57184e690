/**
 * The Node programs, flat in dist/node so that `new URL('./compute-worker.js', import.meta.url)` is right in every chunk. Our code and pure
 * JavaScript packages are bundled; what loads native code or files of its own stays outside.
 */
import { existsSync } from 'node:fs'
import { defineConfig } from 'vite'

const ENTRIES: Readonly<Record<string, string>> = {
  tailrace: 'src/cli/tailrace.ts',
  'compute-worker': 'src/worker/entry-node.ts',
  'inference-worker': 'src/worker/inference-entry-node.ts',
  // The core of the desktop; main, which shares no code with it, has a configuration of its own (vite.config.desktop.ts).
  'desktop-core': 'src/main/electron/core/core-entry.ts',
  // For `npm start -- --check`: the test at the controls, and a host that cheats. Nothing in src knows of them.
  check: 'test/support/check/check.ts',
  'cheat-host': 'test/support/check/cheat-host.ts',
}

export default defineConfig({
  publicDir: false,
  logLevel: 'warn',
  ssr: {
    noExternal: true,
    external: ['onnxruntime-web', 'bufferutil', 'utf-8-validate', 'electron', 'playwright-core'],
  },
  build: {
    ssr: true,
    outDir: 'dist/node',
    emptyOutDir: true,
    target: 'node24',
    minify: false,
    sourcemap: true,
    reportCompressedSize: false,
    rollupOptions: {
      input: Object.fromEntries(Object.entries(ENTRIES).filter(([, file]) => existsSync(file))),
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
    },
  },
})
