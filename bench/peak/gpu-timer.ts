/** Times one compute pass: by timestamps on the device where they are offered, else from submission to its end. */
export interface GpuTimer {
  readonly method: 'timestamp-query' | 'submission'
  /** Runs `record` in a pass of its own and returns its length in milliseconds. */
  time(record: (pass: GPUComputePassEncoder) => void): Promise<number>
  destroy(): void
}

const NANOSECONDS_PER_MS = 1e6

export function createGpuTimer(device: GPUDevice): GpuTimer {
  return device.features.has('timestamp-query') ? timestampTimer(device) : submissionTimer(device)
}

function timestampTimer(device: GPUDevice): GpuTimer {
  const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage
  const querySet = device.createQuerySet({ type: 'timestamp', count: 2 })
  const resolved = device.createBuffer({ size: 16, usage: QUERY_RESOLVE | COPY_SRC })
  const readback = device.createBuffer({ size: 16, usage: COPY_DST | MAP_READ })
  return {
    method: 'timestamp-query',
    async time(record) {
      const encoder = device.createCommandEncoder()
      const timestampWrites = { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 }
      const pass = encoder.beginComputePass({ timestampWrites })
      record(pass)
      pass.end()
      encoder.resolveQuerySet(querySet, 0, 2, resolved, 0)
      encoder.copyBufferToBuffer(resolved, 0, readback, 0, 16)
      device.queue.submit([encoder.finish()])
      await readback.mapAsync(GPUMapMode.READ)
      const [begin, end] = new BigUint64Array(readback.getMappedRange().slice(0)) as unknown as [bigint, bigint]
      readback.unmap()
      return Number(end - begin) / NANOSECONDS_PER_MS
    },
    destroy() {
      querySet.destroy()
      resolved.destroy()
      readback.destroy()
    },
  }
}

function submissionTimer(device: GPUDevice): GpuTimer {
  return {
    method: 'submission',
    async time(record) {
      const encoder = device.createCommandEncoder()
      const pass = encoder.beginComputePass()
      record(pass)
      pass.end()
      const commands = encoder.finish()
      const startedMs = performance.now()
      device.queue.submit([commands])
      await device.queue.onSubmittedWorkDone()
      return performance.now() - startedMs
    },
    destroy: () => undefined,
  }
}
