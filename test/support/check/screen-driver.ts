/** Drives the real screen in a real Chromium, as a person would: opens the link, waits for Join, clicks it. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { findBrowser, TEST_BROWSER_FLAGS } from '../../../scripts/browser.mjs'

const WEBGPU_FLAGS = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']

export interface ScreenDriver {
  readonly page: Page
  /** Clicks Join; resolves with the time of the click, Unix milliseconds. */
  join(): Promise<number>
  picture(name: string): Promise<void>
  /** Messages of the page's console that say error. */
  errors(): readonly string[]
  close(): Promise<void>
}

export interface ScreenDriverOptions {
  readonly url: string
  readonly webgpu?: boolean
  /** Folder for pictures; none are taken without it. */
  readonly pictures?: string
  readonly colorScheme?: 'light' | 'dark'
}

export async function openScreen(options: ScreenDriverOptions): Promise<ScreenDriver> {
  const executablePath = findBrowser()
  if (executablePath === undefined) {
    throw new Error('no Chromium, Chrome or Edge on this machine')
  }
  const profile = mkdtempSync(join(tmpdir(), 'tailrace-profile-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: TEST_BROWSER_FLAGS.filter((flag) => options.webgpu !== false || !WEBGPU_FLAGS.includes(flag)),
    viewport: { width: 1280, height: 860 },
    colorScheme: options.colorScheme ?? 'dark',
  })
  const page = context.pages()[0] ?? (await context.newPage())
  const errors: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' && errors.length < 100) {
      errors.push(message.text())
    }
  })
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(options.url)
  return driverOf({ context, page, profile, errors, pictures: options.pictures })
}

interface DriverParts {
  readonly context: BrowserContext
  readonly page: Page
  readonly profile: string
  readonly errors: readonly string[]
  readonly pictures: string | undefined
}

function driverOf({ context, page, profile, errors, pictures }: DriverParts): ScreenDriver {
  return {
    page,
    async join() {
      const button = page.getByTestId('join')
      await button.waitFor({ state: 'visible', timeout: 60_000 })
      await button.click()
      return Date.now()
    },
    async picture(name) {
      if (pictures !== undefined) {
        mkdirSync(pictures, { recursive: true })
        await page.screenshot({ path: join(pictures, `${name}.png`) })
      }
    },
    errors: () => errors,
    async close() {
      await context.close()
      rmSync(profile, { recursive: true, force: true })
    },
  }
}
