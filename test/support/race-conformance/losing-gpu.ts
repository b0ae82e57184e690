/**
 * A browser's GPU whose device can be lost at an exact point of a race: the n-th call that reaches the device from now on. Everything else is
 * the real adapter, device and queue. Invariant: points are counted in calls, not in time, so a run with one seed loses at the same points.
 */

export type LossPlace = 'before the call' | 'after the call' | 'a turn later'

export interface LossPoint {
  /** The call that loses the device that it is made on, counted from now or from the loss before it: 1 is the next one. */
  readonly calls: number
  readonly place: LossPlace
}

export interface LosingGpu {
  readonly gpu: GPU
  /** Devices destroyed so far. */
  losses(): number
  /** Replaces the points that are still ahead. */
  loseAt(...points: readonly LossPoint[]): void
}

/** Runs a call that reaches a device, and may lose it. */
type Counted = <T>(device: GPUDevice, call: () => T) => T

export function createLosingGpu(gpu: GPU): LosingGpu {
  let ahead: readonly LossPoint[] = []
  let made = 0
  let losses = 0

  function counted<T>(device: GPUDevice, call: () => T): T {
    const [point] = ahead
    made += 1
    if (point === undefined || made < point.calls) {
      return call()
    }
    ahead = ahead.slice(1)
    made = 0
    losses += 1
    return loseAround(device, point.place, call)
  }

  const losing: Pick<GPU, 'requestAdapter' | 'wgslLanguageFeatures' | 'getPreferredCanvasFormat'> = {
    wgslLanguageFeatures: gpu.wgslLanguageFeatures,
    getPreferredCanvasFormat: () => gpu.getPreferredCanvasFormat(),
    async requestAdapter(options) {
      const adapter = await gpu.requestAdapter(options)
      if (adapter !== null) {
        const request = adapter.requestDevice.bind(adapter)
        adapter.requestDevice = async (descriptor) => watch(await request(descriptor), counted)
      }
      return adapter
    },
  }
  return {
    gpu: losing as GPU,
    losses: () => losses,
    loseAt(...points) {
      ahead = points
      made = 0
    },
  }
}

function loseAround<T>(device: GPUDevice, place: LossPlace, call: () => T): T {
  if (place === 'before the call') {
    device.destroy()
    return call()
  }
  const result = call()
  if (place === 'after the call') {
    device.destroy()
  } else {
    queueMicrotask(() => device.destroy())
  }
  return result
}

/** Counts what a race asks of a device: submissions, compilations, readbacks. */
function watch(device: GPUDevice, counted: Counted): GPUDevice {
  const { queue } = device
  const submit = queue.submit.bind(queue)
  queue.submit = (buffers) => counted(device, () => submit(buffers))
  const compile = device.createComputePipelineAsync.bind(device)
  device.createComputePipelineAsync = (descriptor) => counted(device, () => compile(descriptor))
  const createBuffer = device.createBuffer.bind(device)
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer(descriptor)
    const map = buffer.mapAsync.bind(buffer)
    buffer.mapAsync = (mode, offset, size) => counted(device, () => map(mode, offset, size))
    return buffer
  }
  return device
}
