import { describe, expect, it } from 'vitest'
import { errorCode } from '../../lib/coded-error.ts'
import { knownAnswers } from '../../race/known-answers.ts'
import { createRaceModel } from '../../race/model.ts'
import { RACE_SHAPES } from '../../race/shapes.ts'
import { WebgpuSource } from './gpu-source.ts'

const MODEL = createRaceModel(RACE_SHAPES.dev, knownAnswers('dev').epochSeed)

/** A browser's GPU that gives a device only when the test says so: while its driver is being reset there is none. */
function gpuInReset() {
  const state: { isInReset: boolean; lose: () => void } = { isInReset: false, lose: () => undefined }
  const requestDevice = async (): Promise<GPUDevice> => {
    if (state.isInReset) {
      throw new DOMException('the device is being reset', 'OperationError')
    }
    const lost = Promise.withResolvers<{ readonly reason: string; readonly message: string }>()
    state.lose = () => lost.resolve({ reason: 'unknown', message: 'the driver was reset' })
    const silent = { addEventListener: () => undefined, destroy: () => undefined }
    const device: unknown = { ...silent, lost: lost.promise, features: new Set(), limits: {} }
    return device as GPUDevice
  }
  const info = { vendor: 'test', architecture: '', device: '', description: '', isFallbackAdapter: false }
  const adapter: unknown = { info, requestDevice, features: new Set(), limits: {} }
  const gpu: unknown = { requestAdapter: async () => adapter, wgslLanguageFeatures: new Set() }
  return { state, source: new WebgpuSource(gpu as GPU) }
}

describe('the GPU of a worker', () => {
  it('that gives no device for a while counts as absent, and is asked again the next time', async () => {
    const { state, source } = gpuInReset()
    state.isInReset = true
    expect(await source.adapter()).toBeUndefined()
    expect(await source.createBackend(MODEL).catch((error: unknown) => errorCode(error))).toBe('no_backend')
    state.isInReset = false
    expect((await source.adapter())?.vendor).toBe('test')
  })

  it('that was lost and is being reset comes back as another device', async () => {
    const { state, source } = gpuInReset()
    await source.adapter()
    const before = source.deviceNumber
    state.isInReset = true
    state.lose()
    await new Promise((resolve) => setImmediate(resolve))
    expect(await source.adapter()).toBeUndefined()
    state.isInReset = false
    expect((await source.adapter())?.vendor).toBe('test')
    expect(source.deviceNumber).toBeGreaterThan(before)
  })

  it('is opened once for all who ask at the same time', async () => {
    const { source } = gpuInReset()
    await Promise.all([source.adapter(), source.adapter(), source.createBackend(MODEL)])
    expect(source.deviceNumber).toBe(1)
  })
})
