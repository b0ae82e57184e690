/** The page's compute: the module worker of src/worker behind the compute port. A worker that dies is replaced at the next request. */
import type { RelayedCompute } from '../ipc/compute-port.ts'
import { channelOfBrowserPort } from '../worker/compute-channel.ts'
import type { ComputeClient } from '../worker/compute-client.ts'
import { createComputeClient } from '../worker/compute-client.ts'
import type { HostCompute } from '../worker/host-compute.ts'
import { createHostCompute } from '../worker/host-compute.ts'

interface RunningWorker {
  readonly client: ComputeClient
  readonly compute: HostCompute
  isDead: boolean
}

/** Nothing is started before the first request; `stop` ends the worker. */
export function createPageCompute(): { readonly compute: RelayedCompute; stop(): void } {
  let running: RunningWorker | undefined
  const use = (): HostCompute => {
    if (running === undefined || running.isDead) {
      running = startWorker()
    }
    return running.compute
  }
  return {
    compute: {
      probe: (signal) => use().probe(signal as AbortSignal),
      race: (job, listener, signal) => use().race(job, listener, signal as AbortSignal),
      check: (job, signal) => use().check(job, signal as AbortSignal),
      findOne: (job, signal) => use().findOne(job, signal as AbortSignal),
    },
    stop: () => {
      running?.client.close('the page is closing')
      running = undefined
    },
  }
}

function startWorker(): RunningWorker {
  const worker = new Worker(new URL('../worker/entry-browser.ts', import.meta.url), {
    type: 'module',
    name: 'tailrace-compute',
  })
  const client = createComputeClient(channelOfBrowserPort(worker))
  const started: RunningWorker = { client, compute: createHostCompute(client, { probeShape: 'dev' }), isDead: false }
  worker.addEventListener('error', (event) => {
    started.isDead = true
    client.close(event.message === '' ? 'the compute worker failed' : event.message)
    worker.terminate()
  })
  return started
}
