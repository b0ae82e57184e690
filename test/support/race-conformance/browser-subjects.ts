/** Real Chromium on the page of gpu-page/: one device after the other, each opened as its variant says. */
import type { Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { createServer } from 'vite'
import { findBrowser, TEST_BROWSER_FLAGS } from '../../../scripts/browser.mjs'
import { repoRoot } from '../../../scripts/files.ts'
import { fromHex, toHex } from '../../../src/lib/bytes.ts'
import { CodedError } from '../../../src/lib/coded-error.ts'
import type {} from './gpu-page/main.ts'
import type { GpuAnswer, GpuDevice, GpuJob, GpuRequest, GpuVariant } from './gpu-page/messages.ts'
import type { ConformanceJob, ConformanceSubject } from './subject.ts'

const PAGE = 'test/support/race-conformance/gpu-page/index.html'

export interface GpuSubject extends ConformanceSubject {
  readonly device: GpuDevice
  /** As `stop`; size of the largest buffer that was made. */
  close(): Promise<number>
}

export interface GpuBrowser {
  /** Closes the device before it. @throws CodedError with the worker's code, `wrong_device` where the variant was not obeyed. */
  open(name: string, variant: GpuVariant): Promise<GpuSubject>
  stop(): Promise<void>
}

/** @throws CodedError `no_browser`. */
export async function startGpuBrowser(): Promise<GpuBrowser> {
  const executablePath = findBrowser()
  if (executablePath === undefined) {
    throw new CodedError('no_browser', 'no Chromium-family browser was found')
  }
  const server = await createServer({
    root: repoRoot,
    configFile: false,
    logLevel: 'error',
    optimizeDeps: { noDiscovery: true },
    server: { host: '127.0.0.1', port: 0, watch: null, ws: false },
  })
  const browser = await chromium.launch({ executablePath, args: [...TEST_BROWSER_FLAGS] })
  const stop = async (): Promise<void> => {
    await browser.close()
    await server.close()
  }
  try {
    await server.listen()
    const page = await browser.newPage()
    await page.goto(new URL(PAGE, server.resolvedUrls?.local[0]).href)
    await page.waitForFunction(() => window.askGpu !== undefined)
    return { open: (name, variant) => openSubject(page, name, variant), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function openSubject(page: Page, name: string, variant: GpuVariant): Promise<GpuSubject> {
  const { device } = await ask(page, { type: 'open', variant }, 'opened')
  checkDevice(name, variant, device)
  const close = async (): Promise<number> => (await ask(page, { type: 'close' }, 'closed')).largestBufferBytes
  return {
    name,
    device,
    close,
    async digests(job) {
      const { digests } = await ask(page, { type: 'digests', job: jobOf(job) }, 'digests')
      return digests.map(fromHex)
    },
    async trace(job) {
      const { stages, digest } = await ask(page, { type: 'trace', job: jobOf(job) }, 'trace')
      return {
        stages: stages.map((stage) => ({ name: stage.name, bytes: fromHex(stage.bytes) })),
        digest: fromHex(digest),
      }
    },
    stop: async () => void (await close()),
  }
}

/** A variant that the device does not have would compare the same kernels twice under two names. */
function checkDevice(name: string, variant: GpuVariant, device: GpuDevice): void {
  const unwanted = (variant.without ?? []).filter((feature) => device.features.includes(feature))
  if (unwanted.length > 0) {
    throw new CodedError('wrong_device', `the device of "${name}" was not opened as asked`, {
      fields: { features: unwanted.join(' ') },
    })
  }
}

function jobOf({ shape, epochSeed, host, nonces }: ConformanceJob): GpuJob {
  return { shape, epochSeed: toHex(epochSeed), host: toHex(host), nonces: nonces.map(String) }
}

async function ask<T extends GpuAnswer['type']>(
  page: Page,
  request: GpuRequest,
  expected: T,
): Promise<Extract<GpuAnswer, { type: T }>> {
  const answer = await page.evaluate(async (asked) => window.askGpu?.(asked), request)
  if (answer?.type === 'failed') {
    throw new CodedError(answer.code, answer.message)
  }
  if (answer?.type !== expected) {
    throw new CodedError('invalid_answer', `the page answered ${answer?.type ?? 'nothing'}`)
  }
  return answer as Extract<GpuAnswer, { type: T }>
}
