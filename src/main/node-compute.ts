/** The CPU compute of a Node process: the worker of src/worker in a thread of its own, behind the host's compute port. */
import { Worker } from 'node:worker_threads'
import { errorMessage } from '../lib/coded-error.ts'
import type { Logger } from '../lib/runtime.ts'
import type { ComputePort } from '../protocol/compute.ts'
import { channelOfNodePort } from '../worker/compute-channel.ts'
import type { ComputeClient } from '../worker/compute-client.ts'
import { createComputeClient } from '../worker/compute-client.ts'
import { createHostCompute } from '../worker/host-compute.ts'

export interface NodeCompute {
  readonly port: ComputePort
  stop(): Promise<void>
}

interface RunningWorker {
  readonly worker: Worker
  readonly client: ComputeClient
  readonly port: ComputePort
  isDead: boolean
}

/** Nothing runs before the first request; a worker that dies is replaced at the next one. */
export function startNodeCompute(workerFile: URL, logger: Logger): NodeCompute {
  let running: RunningWorker | undefined
  const use = (): ComputePort => {
    if (running === undefined || running.isDead) {
      running = startWorker(workerFile, logger)
    }
    return running.port
  }
  return {
    port: {
      probe: (signal) => use().probe(signal),
      race: (job, listener, signal) => use().race(job, listener, signal),
      check: (job, signal) => use().check(job, signal),
      findOne: (job, signal) => use().findOne(job, signal),
    },
    async stop() {
      const last = running
      if (last !== undefined && !last.isDead) {
        last.client.close('this process is stopping')
        await last.worker.terminate()
      }
    },
  }
}

function startWorker(workerFile: URL, logger: Logger): RunningWorker {
  const worker = new Worker(workerFile, { name: 'tailrace-compute' })
  const client = createComputeClient(channelOfNodePort(worker))
  const started: RunningWorker = {
    worker,
    client,
    port: createHostCompute(client, { probeShape: 'dev' }),
    isDead: false,
  }
  worker.on('error', (error) => {
    logger.log('error', 'compute worker failed', { error: errorMessage(error) })
    started.isDead = true
    client.close('the compute worker failed')
  })
  worker.on('exit', () => {
    started.isDead = true
    client.close('the compute worker stopped')
  })
  return started
}
