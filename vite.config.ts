/** The screen: src/renderer → dist/screen. Relative addresses, so that the same files serve over HTTP and from a custom scheme. */
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  root: 'src/renderer',
  base: './',
  publicDir: false,
  logLevel: 'warn',
  plugins: [react()],
  worker: { format: 'es' },
  build: {
    outDir: '../../dist/screen',
    emptyOutDir: true,
    target: 'es2024',
    sourcemap: true,
    // The content security policy allows files of our own and no data: URLs.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
    // The screen, and the desktop's compute window, which shows nothing.
    rollupOptions: { input: ['src/renderer/index.html', 'src/renderer/compute.html'] },
  },
})
