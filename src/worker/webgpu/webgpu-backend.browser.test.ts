import { afterAll, describe, expect, test } from 'vitest'
import devVectors from '../../../test/vectors/race-dev.json?raw'
import stdVectors from '../../../test/vectors/race-std.json?raw'
import { CodedError } from '../../lib/coded-error.ts'
import type { RaceModel } from '../../race/model.ts'
import { createRaceModel } from '../../race/model.ts'
import { RACE_SHAPES } from '../../race/shapes.ts'
import { describeRaceBackend } from '../race-backend.conformance.ts'
import { EVERY_DIGEST, nonceRange } from '../race-engine.ts'
import type { GpuContext } from './gpu-context.ts'
import { openGpuContext } from './gpu-context.ts'
import { WebgpuBackend } from './webgpu-backend.ts'

async function openContext(): Promise<GpuContext> {
  const context = await openGpuContext(navigator.gpu)
  if (context === undefined) {
    throw new CodedError('no_backend', 'this browser offers no WebGPU adapter')
  }
  return context
}

const shared = openContext()
afterAll(async () => (await shared).destroy())

for (const dot4 of ['packed', 'unpacked'] as const) {
  describeRaceBackend({
    name: `WebGPU with ${dot4} dot products`,
    createBackend: async (model: RaceModel) => new WebgpuBackend(await shared, model, { dot4 }),
    // The variants differ in one function: `std` with the slow one would only cost time.
    vectors: dot4 === 'packed' ? { dev: devVectors, std: stdVectors } : { dev: devVectors },
    randomAttempts: dot4 === 'packed' ? 300 : 50,
  })
}

describe('a WebGPU device that fails', () => {
  const model = createRaceModel(RACE_SHAPES.dev, new Uint8Array(32))
  const batch = { host: new Uint8Array(20), target: EVERY_DIGEST, nonces: nonceRange(0n, 64) }

  test('ends batches under way with device_lost, and so does every later one', async () => {
    const context = await openContext()
    const backend = new WebgpuBackend(context, model)
    await backend.start()
    const underWay = backend.run(batch)
    context.device.destroy()
    await expect(underWay).rejects.toMatchObject({ code: 'device_lost' })
    await expect(backend.run(batch)).rejects.toMatchObject({ code: 'device_lost' })
    expect(context.isUsable).toBe(false)
    await backend.stop()
  })

  test('ends batches with gpu_error after a validation error nobody caught', async () => {
    const context = await openContext()
    const backend = new WebgpuBackend(context, model)
    await backend.start()
    context.device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE })
    await expect(backend.run(batch)).rejects.toMatchObject({ code: 'gpu_error' })
    expect(context.isUsable).toBe(false)
    await backend.stop()
    context.destroy()
  })
})
