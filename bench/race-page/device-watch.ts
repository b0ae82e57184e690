/** Looks on while the worker's code uses a device: what it allocates, and how long each of its submissions keeps the device busy. */
export interface DeviceWatch {
  /** Bytes of the buffers that exist now. */
  readonly bufferBytes: number
  /** Milliseconds from the end of one submission to the end of the next, or from its start where the device was idle. */
  readonly slicesMs: readonly number[]
  /** Forgets the slices so far. */
  clearSlices(): void
  /** Resolves when the device has done all that was submitted. */
  idle(): Promise<void>
}

interface Totals {
  bufferBytes: number
  readonly slicesMs: number[]
  /** The end of the last submission. */
  lastEnd: Promise<unknown>
}

/**
 * The same GPU with its devices watched. The end of a submission is seen when its promise resolves, so a slice is known to about a turn of
 * the event loop. Whatever is submitted counts, copies too.
 */
export function watchGpu(gpu: GPU): { readonly gpu: GPU; readonly watch: DeviceWatch } {
  const totals: Totals = { bufferBytes: 0, slicesMs: [], lastEnd: Promise.resolve() }
  const watched: Pick<GPU, 'requestAdapter' | 'wgslLanguageFeatures'> = {
    wgslLanguageFeatures: gpu.wgslLanguageFeatures,
    async requestAdapter(options) {
      const adapter = await gpu.requestAdapter(options)
      if (adapter === null) return null
      const requestDevice = adapter.requestDevice.bind(adapter)
      adapter.requestDevice = async (descriptor) => {
        const device = await requestDevice(descriptor)
        watchBuffers(device, totals)
        watchSubmissions(device.queue, totals)
        return device
      }
      return adapter
    },
  }
  const watch = {
    get bufferBytes() {
      return totals.bufferBytes
    },
    slicesMs: totals.slicesMs,
    clearSlices: () => void totals.slicesMs.splice(0),
    idle: () => totals.lastEnd.then(() => undefined),
  }
  return { gpu: watched as GPU, watch }
}

function watchBuffers(device: GPUDevice, totals: Totals): void {
  const createBuffer = device.createBuffer.bind(device)
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer(descriptor)
    const destroy = buffer.destroy.bind(buffer)
    totals.bufferBytes += buffer.size
    buffer.destroy = () => {
      totals.bufferBytes -= buffer.size
      buffer.destroy = destroy
      return destroy()
    }
    return buffer
  }
}

function watchSubmissions(queue: GPUQueue, totals: Totals): void {
  const submit = queue.submit.bind(queue)
  let lastEndMs = 0
  queue.submit = (commands) => {
    const submittedMs = performance.now()
    submit(commands)
    const onEnd = (): void => {
      const endMs = performance.now()
      totals.slicesMs.push(endMs - Math.max(submittedMs, lastEndMs))
      lastEndMs = endMs
    }
    // A lost device ends nothing; whoever submitted hears of it.
    totals.lastEnd = queue.onSubmittedWorkDone().then(onEnd, () => undefined)
    return undefined
  }
}
