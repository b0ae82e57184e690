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
import type { GpuContext, GpuContextOptions } from './gpu-context.ts'
import { openGpuContext } from './gpu-context.ts'
import { hasTimestamps } from './race-profile.ts'
import type { RaceTuning } from './race-tuning.ts'
import { listTunings, tuningFacts, tuningName, tuningsFor } from './race-tuning.ts'
import { WebgpuBackend } from './webgpu-backend.ts'

async function openContext(options: GpuContextOptions = {}): Promise<GpuContext> {
  const context = await openGpuContext(navigator.gpu, options)
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

describe('every kind of tuning', () => {
  test('equals the oracle: digests of a batch that fills no tile, and every stage', { timeout: 180_000 }, async () => {
    const context = await shared
    const model = createRaceModel(RACE_SHAPES.dev, crypto.getRandomValues(new Uint8Array(32)))
    const host = crypto.getRandomValues(new Uint8Array(20))
    const oracle = createOracle(model)
    const nonces = crypto.getRandomValues(new BigUint64Array(7))
    const expected = [...nonces].map((nonce) => ({ nonce, digest: oracle.attempt(host, nonce) }))
    const { stages } = oracle.trace(host, 5n)
    for (const tuning of everyKind(context)) {
      const backend = new WebgpuBackend(context, model, { tuning })
      await backend.start()
      expect((await backend.trace(host, 5n)).stages, tuningName(tuning)).toEqual(stages)
      expect(await backend.run({ host, target: EVERY_DIGEST, nonces }), tuningName(tuning)).toEqual(expected)
      await backend.stop()
    }
  })
})

/** All that this adapter gets, and of what a GPU with its features would get the first of each kind. */
function everyKind(context: GpuContext): RaceTuning[] {
  const facts = tuningFacts(context)
  const others = tuningsFor({ ...facts, isSoftware: !facts.isSoftware }, RACE_SHAPES.dev)
  const kinds = new Map<string, RaceTuning>()
  for (const tuning of others) {
    const { product, share, norm, attention } = tuning
    const kind = [product, share, norm, attention].join()
    kinds.set(kind, kinds.get(kind) ?? tuning)
  }
  return [...listTunings(context, RACE_SHAPES.dev), ...kinds.values()]
}

describe('a batch on WebGPU', () => {
  const model = createRaceModel(RACE_SHAPES.dev, new Uint8Array(32).fill(8))
  const host = new Uint8Array(20).fill(3)

  test('of std attempts equals the oracle', async () => {
    const std = createRaceModel(RACE_SHAPES.std, crypto.getRandomValues(new Uint8Array(32)))
    const backend = new WebgpuBackend(await shared, std)
    await backend.start()
    const oracle = createOracle(std)
    const nonces = crypto.getRandomValues(new BigUint64Array(3))
    const expected = [...nonces].map((nonce) => ({ nonce, digest: oracle.attempt(host, nonce) }))
    expect(await backend.run({ host, target: EVERY_DIGEST, nonces })).toEqual(expected)
    await backend.stop()
  })

  test('that is aborted leaves nothing behind for the next one', async () => {
    const backend = new WebgpuBackend(await shared, model)
    await backend.start()
    const stopping = new AbortController()
    const dropped = [600, 600, 600].map((count, index) =>
      backend.run({ host, target: EVERY_DIGEST, nonces: nonceRange(BigInt(1000 * index), count) }, stopping.signal),
    )
    stopping.abort()
    expect((await Promise.allSettled(dropped)).map((result) => result.status)).toEqual(Array(3).fill('rejected'))
    const oracle = createOracle(model)
    const nonces = nonceRange(77n, 5)
    const expected = [...nonces].map((nonce) => ({ nonce, digest: oracle.attempt(host, nonce) }))
    expect(await backend.run({ host, target: EVERY_DIGEST, nonces })).toEqual(expected)
    await backend.stop()
  })

  test('has a profile: every kind of work, with timestamps and without', async () => {
    for (const without of [[], ['timestamp-query']] as const) {
      const context = await openContext({ without })
      expect(hasTimestamps(context)).toBe(without.length === 0)
      const backend = new WebgpuBackend(context, model)
      await backend.start()
      const parts = await backend.profile({ host, target: EVERY_DIGEST, nonces: nonceRange(0n, 64) })
      const names = ['input', 'norm', 'query-key-value', 'attention', 'output', 'up', 'down', 'digest']
      expect(parts.map(({ name }) => name)).toEqual(names)
      expect(parts.reduce((sum, { ms }) => sum + ms, 0)).toBeGreaterThan(0)
      await backend.stop()
      context.destroy()
    }
  })
})

describe('a device with little memory', () => {
  const model = createRaceModel(RACE_SHAPES.dev, new Uint8Array(32).fill(8))
  const batch = { host: new Uint8Array(20), target: EVERY_DIGEST, nonces: nonceRange(0n, 3) }

  test('gets half as many attempts a batch until they fit, and says so', async () => {
    const context = await openContext()
    refuseBuffersAbove(context.device, 400_000)
    const told: number[] = []
    const backend = new WebgpuBackend(context, model, { onMemoryShort: (attempts) => void told.push(attempts) })
    await backend.start()
    expect(backend.plannedAttempts).toBe(4096)
    expect(backend.maxAttempts).toBe(128)
    expect(told).toEqual([128])
    const oracle = createOracle(model)
    const expected = [...batch.nonces].map((nonce) => ({ nonce, digest: oracle.attempt(batch.host, nonce) }))
    expect(await backend.run(batch)).toEqual(expected)
    await backend.stop()
    refuseBuffersAbove(context.device, 1_000)
    const hopeless = new WebgpuBackend(context, model)
    await expect(hopeless.start()).rejects.toMatchObject({ code: 'out_of_memory' })
    context.destroy()
  })

  test('that runs out of it later ends the batch by code, with half of it as the next limit', async () => {
    const context = await openContext()
    const told: number[] = []
    const options = { attemptLimit: 100, onMemoryShort: (attempts: number) => void told.push(attempts) }
    const backend = new WebgpuBackend(context, model, options)
    await backend.start()
    const error = new GPUOutOfMemoryError('the device is full')
    context.device.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error }))
    await expect(backend.run(batch)).rejects.toMatchObject({ code: 'out_of_memory' })
    expect(told).toEqual([50])
    expect(context.isUsable).toBe(false)
    context.destroy()
  })
})

/** The real device, which says that it is out of memory where a buffer is larger. */
function refuseBuffersAbove(device: GPUDevice, maxBytes: number): void {
  const createBuffer = GPUDevice.prototype.createBuffer.bind(device)
  const popErrorScope = GPUDevice.prototype.popErrorScope.bind(device)
  let isRefused = false
  device.createBuffer = (descriptor) => {
    isRefused ||= descriptor.size > maxBytes
    return createBuffer(descriptor)
  }
  device.popErrorScope = async () => {
    const error = isRefused ? new GPUOutOfMemoryError('more than there is') : null
    isRefused = false
    return (await popErrorScope()) ?? error
  }
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
