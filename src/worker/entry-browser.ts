import { BackendPool } from './backend-pool.ts'
import { channelOfBrowserPort } from './compute-channel.ts'
import { ComputeServer } from './compute-server.ts'
import { systemClock } from './system-clock.ts'
import { WebgpuSource } from './webgpu/gpu-source.ts'
import { createOpfsTuningStore, TuningCache } from './webgpu/tuning-cache.ts'

/** The module worker of the page: WebGPU where the browser has it, else the oracle. */
const scope = globalThis as unknown as DedicatedWorkerGlobalScope
const { gpu, storage, userAgent } = scope.navigator
const tunings = new TuningCache(createOpfsTuningStore(storage))
const pool = new BackendPool(new WebgpuSource(gpu, { tunings, userAgent }))
new ComputeServer({ channel: channelOfBrowserPort(scope), pool, clock: systemClock }).start()
