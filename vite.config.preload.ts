/** The desktop's preload script: one CommonJS file beside the Node programs, because a sandboxed preload can load no other. */
import { defineConfig } from 'vite'

export default defineConfig({
  publicDir: false,
  logLevel: 'warn',
  build: {
    outDir: 'dist/node',
    // The Node programs are there already (scripts/build.ts).
    emptyOutDir: false,
    target: 'es2024',
    minify: false,
    sourcemap: true,
    reportCompressedSize: false,
    rollupOptions: {
      input: { 'desktop-preload': 'src/main/electron/windows/preload.ts' },
      external: ['electron'],
      output: { format: 'cjs', entryFileNames: '[name].cjs' },
    },
  },
})
