/**
 * Hooks in the workers of the test's page, and of no other: the GPU can be taken away, and memory refused, as the browser would do it.
 */
import type { Page, Route, Worker } from 'playwright-core'

/** Built from src/worker/entry-browser.ts and inference-entry-browser.ts. */
const RACER = /\/entry-browser[^/]*\.js$/
const SERVER = /\/inference-entry-browser[^/]*\.js$/

interface FragileScope {
  devices?: GPUDevice[]
  isGpuGone?: boolean
}

/** Every worker that the page starts from now on can be broken: the hooks stand before its own first line. */
export async function makeWorkersFragile(page: Page): Promise<void> {
  await page.route(RACER, (route) => prepend(route, watchDevices))
}

/** The inference workers that start from now on get no memory for WebAssembly; undone by the returned function. */
export async function refuseMemory(page: Page): Promise<() => Promise<void>> {
  await page.route(SERVER, (route) => prepend(route, refuseWebAssembly))
  return () => page.unroute(SERVER)
}

async function prepend(route: Route, hook: () => void): Promise<void> {
  const response = await route.fetch()
  await route.fulfill({ response, body: `(${hook.toString()})();\n${await response.text()}` })
}

/** Ends the GPU devices of the page's races; no new one can be had until `giveGpuBack`. False where there was none to end. */
export async function takeGpu(page: Page): Promise<boolean> {
  const lost = await Promise.all(racersOf(page).map((worker) => evaluate(worker, loseDevices)))
  return lost.some((count) => count !== undefined && count > 0)
}

export async function giveGpuBack(page: Page): Promise<void> {
  await Promise.all(racersOf(page).map((worker) => evaluate(worker, allowDevices)))
}

function racersOf(page: Page): readonly Worker[] {
  return page.workers().filter((worker) => RACER.test(worker.url()))
}

async function evaluate<T>(worker: Worker, action: () => T): Promise<T | undefined> {
  return worker.evaluate(action).catch(() => undefined)
}

// Each of the following runs in a worker, alone: nothing outside its own body is there.

function watchDevices(): void {
  const scope = globalThis as typeof globalThis & FragileScope
  scope.devices = []
  const adapters = (scope as { GPUAdapter?: { prototype: GPUAdapter } }).GPUAdapter
  if (adapters === undefined) {
    return
  }
  const request = adapters.prototype.requestDevice
  adapters.prototype.requestDevice = async function requestDevice(this: GPUAdapter, ...args) {
    if (scope.isGpuGone === true) {
      throw new DOMException('the adapter is gone', 'OperationError')
    }
    const device = await request.apply(this, args)
    scope.devices?.push(device)
    return device
  }
}

function loseDevices(): number {
  const scope = globalThis as typeof globalThis & FragileScope
  const devices = scope.devices?.splice(0) ?? []
  scope.isGpuGone = devices.length > 0
  for (const device of devices) {
    device.destroy()
  }
  return devices.length
}

function allowDevices(): void {
  const scope = globalThis as typeof globalThis & FragileScope
  scope.isGpuGone = false
}

function refuseWebAssembly(): void {
  const refuse = async (): Promise<never> => {
    throw new RangeError('WebAssembly.instantiate(): Out of memory: Cannot allocate Wasm memory for new instance')
  }
  Object.assign(WebAssembly, { instantiate: refuse, instantiateStreaming: refuse })
}
