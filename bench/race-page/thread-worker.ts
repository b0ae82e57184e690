import { BackendPool } from '../../src/worker/backend-pool.ts'
import { channelOfBrowserPort } from '../../src/worker/compute-channel.ts'
import type { ComputeClient } from '../../src/worker/compute-client.ts'
import { createComputeClient } from '../../src/worker/compute-client.ts'
import { ComputeServer } from '../../src/worker/compute-server.ts'
import { systemClock } from '../../src/worker/system-clock.ts'
import { WebgpuSource } from '../../src/worker/webgpu/gpu-source.ts'

/** A worker, as its owner has it. */
export interface OpenWorker {
  readonly client: ComputeClient
  /** Ends it. */
  close(): void
}

/**
 * The worker's server and its owner in one thread, joined by real message ports: where the owner has to see the device too, and
 * for Node, where a worker thread has no GPU.
 */
export function openThreadWorker(gpu: GPU): OpenWorker {
  const { port1, port2 } = new MessageChannel()
  const pool = new BackendPool(new WebgpuSource(gpu))
  const server = new ComputeServer({ channel: channelOfBrowserPort(port1), pool, clock: systemClock })
  server.start()
  const client = createComputeClient(channelOfBrowserPort(port2))
  return {
    client,
    close() {
      client.close('closed')
      void server.stop()
      port1.close()
      port2.close()
    },
  }
}
