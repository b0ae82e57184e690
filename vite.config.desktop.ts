/**
 * Electron's main process: one file beside the Node programs. It shares no chunk with them, so that the process which holds the keys loads
 * nothing of the network.
 */
import { defineConfig } from 'vite'

export default defineConfig({
  publicDir: false,
  logLevel: 'warn',
  ssr: { noExternal: true, external: ['electron'] },
  build: {
    ssr: true,
    outDir: 'dist/node',
    // The Node programs are there already (scripts/build.ts).
    emptyOutDir: false,
    target: 'node24',
    minify: false,
    sourcemap: true,
    reportCompressedSize: false,
    rollupOptions: {
      input: { 'desktop-main': 'src/main/electron/main-entry.ts' },
      output: { format: 'es', entryFileNames: '[name].js', codeSplitting: false },
    },
  },
})
