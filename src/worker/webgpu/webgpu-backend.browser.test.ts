import { afterAll, describe, expect, test } from 'vitest'
import { describeRaceBackend } from '../../../test/conformance/race-backend.ts'
import devVectors from '../../../test/vectors/race-dev.json?raw'
import stdVectors from '../../../test/vectors/race-std.json?raw'
import { CodedError } from '../../lib/coded-error.ts'
import type { RaceModel } from '../../race/model.ts'
import { createRaceModel } from '../../race/model.ts'
import { createOracle } from '../../race/oracle.ts'
import { RACE_SHAPES } from '../../race/shapes.ts'
import { EVERY_DIGEST, nonceRange } from '../race-engine.ts'
import type { GpuContext } from './gpu-context.ts'
import { openGpuContext } from './gpu-context.ts'
import type { KernelVariant } from './race-kernels.ts'
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

describeRaceBackend({
  name: 'WebGPU as it suits this device',
  createBackend: async (model: RaceModel) => new WebgpuBackend(await shared, model),
  vectors: { dev: devVectors, std: stdVectors },
  randomAttempts: 300,
})

const OTHER_VARIANTS: readonly KernelVariant[] = [
  { dot4: 'unpacked', normLanes: 16 },
  { dot4: 'packed', normLanes: 16 },
]

for (const variant of OTHER_VARIANTS) {
  test(`WebGPU with ${variant.dot4} dot products and ${variant.normLanes} lanes a row equals the oracle`, async () => {
    const model = createRaceModel(RACE_SHAPES.dev, crypto.getRandomValues(new Uint8Array(32)))
    const backend = new WebgpuBackend(await shared, model, { variant })
    await backend.start()
    const host = crypto.getRandomValues(new Uint8Array(20))
    const oracle = createOracle(model)
    const nonces = crypto.getRandomValues(new BigUint64Array(50))
    const expected = [...nonces].map((nonce) => ({ nonce, digest: oracle.attempt(host, nonce) }))
    expect(await backend.run({ host, target: EVERY_DIGEST, nonces })).toEqual(expected)
    expect((await backend.trace(host, 5n)).stages).toEqual(oracle.trace(host, 5n).stages)
    await backend.stop()
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
