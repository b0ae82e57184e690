/** The race's kernels in a worker of the conformance page: one device as it was asked for, one backend at a time. */
import { fromHex, toHex } from '../../../../src/lib/bytes.ts'
import { CodedError, errorCode, errorMessage } from '../../../../src/lib/coded-error.ts'
import { createRaceModel } from '../../../../src/race/model.ts'
import { RACE_SHAPES } from '../../../../src/race/shapes.ts'
import type { GpuContext } from '../../../../src/worker/webgpu/gpu-context.ts'
import { openGpuContext } from '../../../../src/worker/webgpu/gpu-context.ts'
import type { RaceTuning } from '../../../../src/worker/webgpu/race-tuning.ts'
import { listTunings, tuningFacts, tuningName, tuningsFor } from '../../../../src/worker/webgpu/race-tuning.ts'
import { WebgpuBackend } from '../../../../src/worker/webgpu/webgpu-backend.ts'
import { digestsOn } from '../gpu-digests.ts'
import type { GpuAnswer, GpuDevice, GpuJob, GpuRequest, GpuVariant } from './messages.ts'

interface Opened {
  readonly context: GpuContext
  readonly variant: GpuVariant
  readonly buffers: { largestBytes: number }
  backend: { readonly key: string; readonly running: WebgpuBackend } | undefined
}

/** What is used of a worker's global scope. */
interface WorkerScope {
  readonly navigator: Navigator
  postMessage(answer: GpuAnswer): void
  addEventListener(type: 'message', listener: (event: MessageEvent<GpuRequest>) => void): void
}

const scope = globalThis as unknown as WorkerScope
let opened: Opened | undefined

scope.addEventListener('message', async ({ data }: MessageEvent<GpuRequest>) => {
  scope.postMessage(
    await answer(data).catch((error: unknown): GpuAnswer => {
      return { type: 'failed', code: errorCode(error), message: errorMessage(error) }
    }),
  )
})

async function answer(request: GpuRequest): Promise<GpuAnswer> {
  switch (request.type) {
    case 'open':
      await close()
      return { type: 'opened', device: await open(request.variant) }
    case 'digests': {
      const backend = await backendOf(request.job)
      const nonces = request.job.nonces.map(BigInt)
      return { type: 'digests', digests: (await digestsOn(backend, fromHex(request.job.host), nonces)).map(toHex) }
    }
    case 'trace': {
      const backend = await backendOf(request.job)
      const { stages, digest } = await backend.trace(fromHex(request.job.host), BigInt(request.job.nonces[0] ?? 0))
      const named = stages.map(({ stage, bytes }) => ({ name: stage.name, bytes: toHex(bytes) }))
      return { type: 'trace', stages: named, digest: toHex(digest) }
    }
    case 'close':
      return { type: 'closed', largestBufferBytes: await close() }
  }
}

async function open(variant: GpuVariant): Promise<GpuDevice> {
  const { without, maxBufferBytes } = variant
  const context = await openGpuContext(scope.navigator.gpu, {
    ...(without === undefined ? {} : { without }),
    ...(maxBufferBytes === undefined ? {} : { maxBufferBytes }),
  })
  if (context === undefined) {
    throw new CodedError('no_backend', 'this browser offers no WebGPU adapter')
  }
  const { device, adapter } = context
  opened = { context, variant, buffers: watchBuffers(device, maxBufferBytes), backend: undefined }
  return {
    adapter: [adapter.vendor, adapter.architecture, adapter.description].filter((part) => part !== '').join(' · '),
    features: [...(device.features as ReadonlySet<string>)].sort(),
    tunings: [...tuningsOf(context).keys()],
  }
}

/**
 * By name: those that this adapter would choose from, and those that a hardware adapter with the same features would. A software adapter is
 * slow at the latter, and exact all the same.
 */
function tuningsOf(context: GpuContext): ReadonlyMap<string, RaceTuning> {
  const shape = RACE_SHAPES.dev
  const onHardware = tuningsFor({ ...tuningFacts(context), isSoftware: false }, shape)
  return new Map([...listTunings(context, shape), ...onHardware].map((tuning) => [tuningName(tuning), tuning]))
}

/** The backend of the job's epoch, started; that of the last epoch is freed first. */
async function backendOf({ shape, epochSeed }: GpuJob): Promise<WebgpuBackend> {
  if (opened === undefined) {
    throw new CodedError('not_started', 'no device is open')
  }
  const { context, variant } = opened
  const key = `${shape} ${epochSeed}`
  if (opened.backend?.key === key) {
    return opened.backend.running
  }
  await opened.backend?.running.stop()
  opened.backend = undefined
  const tuning = variant.tuning === undefined ? undefined : tuningsOf(context).get(variant.tuning)
  if (variant.tuning !== undefined && tuning === undefined) {
    throw new CodedError('wrong_device', `this device has no tuning "${variant.tuning}"`)
  }
  const running = new WebgpuBackend(context, createRaceModel(RACE_SHAPES[shape], fromHex(epochSeed)), {
    ...(tuning === undefined ? {} : { tuning }),
    ...(variant.maxBufferBytes === undefined ? {} : { maxBufferBytes: variant.maxBufferBytes }),
  })
  opened.backend = { key, running }
  await running.start()
  return running
}

/** A device cannot be asked for less than the default limits, so a smaller one is made here: larger buffers are refused. */
function watchBuffers(device: GPUDevice, maxBufferBytes: number | undefined): { largestBytes: number } {
  const buffers = { largestBytes: 0 }
  const createBuffer = device.createBuffer.bind(device)
  device.createBuffer = (descriptor) => {
    buffers.largestBytes = Math.max(buffers.largestBytes, descriptor.size)
    if (maxBufferBytes !== undefined && descriptor.size > maxBufferBytes) {
      throw new CodedError('buffer_too_large', `a buffer of ${descriptor.size} bytes was asked for`)
    }
    return createBuffer(descriptor)
  }
  return buffers
}

/** Size of the largest buffer that was made. */
async function close(): Promise<number> {
  await opened?.backend?.running.stop()
  opened?.context.destroy()
  const largest = opened?.buffers.largestBytes ?? 0
  opened = undefined
  return largest
}
