/**
 * Four projects: `node` (everything that needs no screen), `browser` (real Chromium with WebGPU), `e2e` (whole networks of processes, two
 * files at once) and `e2e-alone` (those whose times count).
 * A file named x.slow.test.ts or x.slow.browser.test.ts belongs to its project but is left out of `npm run check`, which sets
 * TAILRACE_FAST_TESTS=1.
 */
import { availableParallelism } from 'node:os'
import react from '@vitejs/plugin-react'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import type { TestSpecification } from 'vitest/node'
import { BaseSequencer } from 'vitest/node'
import { findBrowser, TEST_BROWSER_FLAGS } from './scripts/browser.mjs'

const BROWSER_TESTS = ['**/*.browser.test.{ts,tsx}']
const E2E_TESTS = ['test/e2e/**/*.test.ts']
/** Their summaries say how long a person waits: nothing else may use the machine meanwhile. */
const ALONE_TESTS = ['test/e2e/check.test.ts']
const SLOW_TESTS = process.env.TAILRACE_FAST_TESTS === '1' ? ['**/*.slow.{test,browser.test}.{ts,tsx}'] : []
const NEVER = ['**/node_modules/**', '**/dist/**', '**/.tsc/**', 'test/fixtures/**', ...SLOW_TESTS]
/** Against a hang alone: a busy machine may take long for what is quick, and vitest's own limit is one second. */
const PATIENT = { poll: { timeout: 60_000 } }
const executablePath = findBrowser()
const ofNetworks = { environment: 'node', pool: 'forks', testTimeout: 600_000, hookTimeout: 300_000 } as const

/** Slow files first: one that begins as the last keeps a single core busy while the others have nothing left to do. */
class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const rank = ({ project, moduleId }: TestSpecification): number =>
      2 * project.config.sequence.groupOrder + (moduleId.includes('.slow.') ? 0 : 1)
    return sorted.toSorted((left, right) => rank(left) - rank(right))
  }
}

/** A run in random order (`--sequence.shuffle.files`) brings an order of its own. */
const isShuffled = process.argv.some((argument) => argument.startsWith('--sequence.shuffle'))

export default defineConfig({
  test: {
    retry: 0,
    ...(isShuffled ? {} : { sequence: { sequencer: SlowFirst } }),
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
          // Some slow files wait most of the time: for timeouts, for processes that are killed and come back.
          ...(SLOW_TESTS.length > 0 ? {} : { maxWorkers: availableParallelism() + 1 }),
          // Where each file loads all it needs, loading is half of a run. What sharing asks of a test, the setup file holds it to.
          isolate: false,
          setupFiles: ['test/support/runner/left-as-found.ts'],
          // Against a hang alone: how fast it is, no test may assert.
          testTimeout: 180_000,
          hookTimeout: 120_000,
          expect: PATIENT,
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
          testTimeout: 240_000,
          hookTimeout: 120_000,
          expect: PATIENT,
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
          ...ofNetworks,
          name: 'e2e',
          include: E2E_TESTS,
          exclude: [...NEVER, ...ALONE_TESTS],
          // A network waits for blocks most of the time, and each test has folders and ports of its own.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...ofNetworks,
          name: 'e2e-alone',
          include: ALONE_TESTS,
          exclude: NEVER,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
