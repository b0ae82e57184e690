/** The page's compute: the module worker of src/worker behind the compute port. A worker that dies is replaced at the next request. */
import type { ComputePort } from '../protocol/compute.ts'
import { channelOfBrowserPort } from '../worker/compute-channel.ts'
import type { ComputeClient } from '../worker/compute-client.ts'
import { createComputeClient } from '../worker/compute-client.ts'
import { createHostCompute } from '../worker/host-compute.ts'

interface RunningWorker {
  readonly client: ComputeClient
  readonly compute: ComputePort
  isDead: boolean
}

/** Nothing is started before the first request; `stop` ends the worker. */
export function createPageCompute(): { readonly compute: ComputePort; stop(): void } {
  let running: RunningWorker | undefined
  const use = (): ComputePort => {
    if (running === undefined || running.isDead) {
      running = startWorker()
    }
    return running.compute
  }
  return {
    compute: {
      probe: (signal) => use().probe(signal),
      race: (job, listener, signal) => use().race(job, listener, signal),
      check: (job, signal) => use().check(job, signal),
      findOne: (job, signal) => use().findOne(job, signal),
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
