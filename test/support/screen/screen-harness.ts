/**
 * The real screen in a real browser over a host without a network: the real server, handshake, router and relay of the
 * product, and a backend whose snapshot the caller sets. For pictures and for tests of the whole screen.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { build } from 'vite'
import { findBrowser, TEST_BROWSER_FLAGS } from '../../../scripts/browser.mjs'
import { repoRoot } from '../../../scripts/files.ts'
import { SILENT_LOGGER } from '../../../src/lib/runtime.ts'
import { startScreenServer } from '../../../src/main/screen/screen-server.ts'
import { waitFor } from '../wait-for.ts'
import type { ScreenHost } from './screen-host.ts'
import { createScreenHost } from './screen-host.ts'

export interface PageOptions {
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'light' | 'dark'
  readonly reducedMotion?: 'reduce' | 'no-preference'
}

export interface ScreenHarness {
  readonly host: ScreenHost
  /** A fresh one-time link. */
  link(): string
  /** A page of its own browser context, at `url` or a fresh link; `errors` collects what its console calls errors. */
  openPage(options?: PageOptions, url?: string): Promise<{ readonly page: Page; readonly errors: readonly string[] }>
  /** Closes every page; what they computed is given back. */
  closePages(): Promise<void>
  stop(): Promise<void>
}

/** Builds the screen into `folder`. */
export async function buildScreen(folder: string): Promise<void> {
  // Under a test runner the environment says `test`; what ships is the production build.
  const environment = process.env.NODE_ENV
  process.env.NODE_ENV = 'production'
  try {
    await build({
      configFile: join(repoRoot, 'vite.config.ts'),
      root: join(repoRoot, 'src/renderer'),
      build: { outDir: folder, emptyOutDir: true },
    })
  } finally {
    if (environment === undefined) {
      delete process.env.NODE_ENV
    } else {
      process.env.NODE_ENV = environment
    }
  }
}

/** Builds the screen into a folder of its own, serves it and starts a browser; `stop` ends all of it. */
export async function startScreenHarness(): Promise<ScreenHarness> {
  const executablePath = findBrowser()
  if (executablePath === undefined) {
    throw new Error('no Chromium, Chrome or Edge on this machine')
  }
  const folder = mkdtempSync(join(tmpdir(), 'tailrace-screen-'))
  await buildScreen(folder)
  const host = createScreenHost()
  const rng = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) }
  const server = await startScreenServer(
    { logger: SILENT_LOGGER, rng, router: host.router },
    {
      folder,
      modelsFolder: join(repoRoot, 'models'),
      port: 0,
      control: '00'.repeat(32),
      actions: { stop: () => undefined },
    },
  )
  const browser = await chromium.launch({ executablePath, args: [...TEST_BROWSER_FLAGS] })
  return {
    host,
    link: () => server.link(),
    async openPage({ width = 1_280, height = 860, ...options } = {}, url = server.link()) {
      const context = await browser.newContext({ viewport: { width, height }, ...options })
      const page = await context.newPage()
      const errors: string[] = []
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
      page.on('pageerror', (error) => errors.push(error.message))
      await page.goto(url)
      return { page, errors }
    },
    async closePages() {
      await Promise.all(browser.contexts().map((context) => context.close()))
      await waitFor('the lease is free', () => host.relay.state().state === 'free')
    },
    async stop() {
      await browser.close()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
