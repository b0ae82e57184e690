import { CodedError } from '../../src/lib/coded-error.ts'
import { channelOfBrowserPort } from '../../src/worker/compute-channel.ts'
import { createComputeClient } from '../../src/worker/compute-client.ts'
import { measureRace } from './measure-race.ts'
import type { MeasureOptions, RaceMeasurement } from './measurement.ts'

/** The page of `npm run bench:race`: this page's GPU, and the worker that ships. */
export type MeasureInPage = (options: MeasureOptions) => Promise<RaceMeasurement>

declare global {
  interface Window {
    measureRace?: MeasureInPage
  }
}

window.measureRace = async (options) => {
  if (!('gpu' in navigator)) {
    throw new CodedError('no_backend', 'this browser has no WebGPU')
  }
  return measureRace(
    {
      gpu: navigator.gpu,
      userAgent: navigator.userAgent,
      openWorker() {
        const worker = new Worker(new URL('../../src/worker/entry-browser.ts', import.meta.url), { type: 'module' })
        const client = createComputeClient(channelOfBrowserPort(worker))
        worker.addEventListener('error', (event) => client.close(event.message))
        return { client, close: () => worker.terminate() }
      },
      onStep: (step) => console.info(step),
    },
    options,
  )
}
