/**
 * Three projects: `node` (everything that needs no screen), `browser` (real Chromium with WebGPU) and `e2e` (whole networks of processes).
 * A file named x.slow.test.ts belongs to its project but is left out of `npm run check`, which sets TAILRACE_FAST_TESTS=1.
 */
import react from '@vitejs/plugin-react'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { findBrowser, TEST_BROWSER_FLAGS } from './scripts/browser.mjs'

const BROWSER_TESTS = ['**/*.browser.test.{ts,tsx}']
const E2E_TESTS = ['test/e2e/**/*.test.ts']
const SLOW_TESTS = process.env.TAILRACE_FAST_TESTS === '1' ? ['**/*.slow.test.{ts,tsx}'] : []
const NEVER = ['**/node_modules/**', '**/dist/**', '**/.tsc/**', 'test/fixtures/**', ...SLOW_TESTS]
const executablePath = findBrowser()

export default defineConfig({
  test: {
    retry: 0,
    // Two cores are the smallest machine that must run this; more is used where there is more.
    maxWorkers: '100%',
    passWithNoTests: false,
    projects: [
      {
        test: {
          name: 'node',
          environment: 'node',
          include: ['src/**/*.test.{ts,tsx}', 'test/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: [...NEVER, ...BROWSER_TESTS, ...E2E_TESTS],
          pool: 'threads',
          // Against a hang alone: how fast it is, no test may assert.
          testTimeout: 90_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        plugins: [react()],
        // Bundled before the first test: a package found later would reload the page in the middle of one, with a second React.
        optimizeDeps: {
          include: [
            'react',
            'react/jsx-runtime',
            'react/jsx-dev-runtime',
            'react-dom',
            'react-dom/client',
            'zod',
            'zustand',
            'zustand/vanilla',
            'axe-core',
            '@orpc/client',
            '@orpc/client/websocket',
            '@orpc/contract',
            '@orpc/contract/plugins',
            '@huggingface/jinja',
            '@huggingface/tokenizers',
            'onnxruntime-web/wasm',
            'onnxruntime-web/webgpu',
          ],
        },
        test: {
          name: 'browser',
          include: ['src/**/*.browser.test.{ts,tsx}', 'test/**/*.browser.test.{ts,tsx}'],
          exclude: [...NEVER, ...E2E_TESTS],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                args: [...TEST_BROWSER_FLAGS],
                ...(executablePath === undefined ? {} : { executablePath }),
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        test: {
          name: 'e2e',
          environment: 'node',
          include: E2E_TESTS,
          exclude: NEVER,
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 420_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
