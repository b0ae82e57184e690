import type { ShapeName } from '../../src/race/shapes.ts'
import { channelOfBrowserPort } from '../../src/worker/compute-channel.ts'
import { createComputeClient } from '../../src/worker/compute-client.ts'
import type { ComputeBackendReport } from '../../src/worker/contract.ts'

/** The page of bench/race.ts: the worker that ships, asked for its own measurement. */
export type ProbeInPage = (shape: ShapeName) => Promise<readonly ComputeBackendReport[]>

declare global {
  interface Window {
    probeRace?: ProbeInPage
  }
}

window.probeRace = async (shape) => {
  const worker = new Worker(new URL('../../src/worker/entry-browser.ts', import.meta.url), { type: 'module' })
  const client = createComputeClient(channelOfBrowserPort(worker))
  worker.addEventListener('error', (event) => client.close(event.message))
  try {
    return (await client.probe({ shape })).backends
  } finally {
    worker.terminate()
  }
}
