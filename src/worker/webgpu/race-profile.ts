import type { GpuContext } from './gpu-context.ts'
import type { BoundCall, BoundPass } from './race-commands.ts'
import { recordCall } from './race-commands.ts'

/** Where the time of a batch goes: milliseconds of the device by kind of work, in the order of a pass. */
export interface PartTime {
  readonly name: string
  readonly ms: number
}

/** The least of so many counts: what else the machine does only adds to a time. */
const ROUNDS = 3

/**
 * By timestamp queries around every call; where a device has none, each call is a submission of its own and timed from outside, which
 * adds the way to the device and back to each.
 */
export async function profileBatch(
  context: GpuContext,
  passes: readonly BoundPass[],
  attempts: number,
): Promise<readonly PartTime[]> {
  const calls = passes.flat()
  const measure = hasTimestamps(context) ? queryTimes : submissionTimes
  const times = calls.map(() => Infinity)
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, ms] of (await measure(context, calls, attempts)).entries()) {
      times[index] = Math.min(times[index] ?? ms, ms)
    }
  }
  const byPart = new Map<string, number>()
  for (const [index, { call }] of calls.entries()) {
    byPart.set(call.part, (byPart.get(call.part) ?? 0) + (times[index] ?? 0))
  }
  return [...byPart].map(([name, ms]) => ({ name, ms }))
}

/** Whether a profile of this device comes from timestamp queries. */
export function hasTimestamps(context: GpuContext): boolean {
  return context.device.features.has('timestamp-query')
}

async function queryTimes(context: GpuContext, calls: readonly BoundCall[], attempts: number): Promise<number[]> {
  const { device } = context
  const count = 2 * calls.length
  const querySet = device.createQuerySet({ type: 'timestamp', count })
  const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage
  const resolved = device.createBuffer({ size: 8 * count, usage: QUERY_RESOLVE | COPY_SRC })
  const readable = device.createBuffer({ size: 8 * count, usage: COPY_DST | MAP_READ })
  try {
    const encoder = device.createCommandEncoder()
    for (const [index, bound] of calls.entries()) {
      const timestampWrites = { querySet, beginningOfPassWriteIndex: 2 * index, endOfPassWriteIndex: 2 * index + 1 }
      const pass = encoder.beginComputePass({ timestampWrites })
      recordCall(pass, bound, attempts)
      pass.end()
    }
    encoder.resolveQuerySet(querySet, 0, count, resolved, 0)
    encoder.copyBufferToBuffer(resolved, 0, readable, 0, 8 * count)
    device.queue.submit([encoder.finish()])
    await context.guard(readable.mapAsync(GPUMapMode.READ))
    const ns = new BigUint64Array(readable.getMappedRange())
    // A browser may round timestamps, so that an end can lie before its beginning.
    return calls.map((_, index) => Math.max(0, Number((ns[2 * index + 1] ?? 0n) - (ns[2 * index] ?? 0n)) / 1e6))
  } finally {
    querySet.destroy()
    resolved.destroy()
    readable.destroy()
  }
}

async function submissionTimes(context: GpuContext, calls: readonly BoundCall[], attempts: number): Promise<number[]> {
  const { device } = context
  const times: number[] = []
  for (const bound of calls) {
    const encoder = device.createCommandEncoder()
    const pass = encoder.beginComputePass()
    recordCall(pass, bound, attempts)
    pass.end()
    const startedMs = performance.now()
    device.queue.submit([encoder.finish()])
    await context.guard(device.queue.onSubmittedWorkDone())
    times.push(performance.now() - startedMs)
  }
  return times
}
