/** The CPU compute of a Node process: the worker of src/worker in a thread of its own, behind the host's compute port. */
import { Worker } from 'node:worker_threads'
import type { ComputePort } from '../host/ports.ts'
import { errorMessage } from '../lib/coded-error.ts'
import type { Logger } from '../lib/runtime.ts'
import { channelOfNodePort } from '../worker/compute-channel.ts'
import { createComputeClient } from '../worker/compute-client.ts'
import { createHostCompute } from '../worker/host-compute.ts'

export interface NodeCompute {
  readonly port: ComputePort
  stop(): Promise<void>
}

export function startNodeCompute(workerFile: URL, logger: Logger): NodeCompute {
  const worker = new Worker(workerFile, { name: 'tailrace-compute' })
  const client = createComputeClient(channelOfNodePort(worker))
  worker.on('error', (error) => {
    logger.log('error', 'compute worker failed', { error: errorMessage(error) })
    client.close('the compute worker failed')
  })
  worker.on('exit', () => client.close('the compute worker stopped'))
  const port: ComputePort = createHostCompute(client, { probeShape: 'dev' })
  return {
    port,
    async stop() {
      await client.dispose().catch(() => {
        // Already gone: terminate below is all that is left.
      })
      await worker.terminate()
    },
  }
}
