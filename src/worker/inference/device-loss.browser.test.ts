import { expect, test } from 'vitest'
import {
  fetchWhale,
  generateInPage,
  NEVER,
  pageCheck,
  pageJob,
  WHALE,
} from '../../../test/support/inference/page-model.ts'
import { systemClock } from '../system-clock.ts'
import { createInferenceEngine } from './create-engine.ts'
import { TensorLedger } from './model-session.ts'
import { createPageOrtLoader } from './ort/ort-page-loader.ts'

/** The GPU of the page, telling which devices it gave. */
function watchedGpu(devices: GPUDevice[]): GPU {
  const requestAdapter = async (options?: GPURequestAdapterOptions): Promise<GPUAdapter | null> => {
    const adapter = await navigator.gpu.requestAdapter(options)
    if (adapter === null) {
      return null
    }
    const { limits, info } = adapter
    const requestDevice = async (descriptor?: GPUDeviceDescriptor): Promise<GPUDevice> => {
      const device = await adapter.requestDevice(descriptor)
      devices.push(device)
      return device
    }
    return { limits, info, requestDevice } as GPUAdapter
  }
  return { requestAdapter } as GPU
}

/** A software GPU compiles and computes slowly, four times here. */
const TIMEOUT_MS = 300_000

test('a GPU that goes away: the runtime is built again on a new device, the output is the same', {
  timeout: TIMEOUT_MS,
}, async () => {
  const devices: GPUDevice[] = []
  const ledger = new TensorLedger()
  const whale = await fetchWhale()
  const engine = createInferenceEngine(
    {
      loader: createPageOrtLoader(),
      models: { open: async () => whale },
      clock: systemClock,
      gpu: watchedGpu(devices),
      ledger,
    },
    { backend: 'webgpu', threads: 1 },
  )
  await engine.load(WHALE, NEVER)
  expect(devices[0]?.features.has('subgroups')).toBe(false)
  const job = pageJob(0.7, 8)
  const undisturbed = await generateInPage(engine, job)
  expect(devices).toHaveLength(1)
  const disturbed = await generateInPage(engine, job, (count) => count === 4 && devices[0]?.destroy())
  expect(disturbed.tokens).toEqual(undisturbed.tokens)
  expect(devices).toHaveLength(2)
  const twice = generateInPage(engine, job, (count) => [2, 5].includes(count) && devices.at(-1)?.destroy())
  await expect(twice).rejects.toMatchObject({ code: 'device_lost' })
  expect(await engine.score(pageCheck(job, undisturbed.tokens, 'own'), NEVER)).toMatchObject({ ending: 'open' })
  expect(devices.length).toBeGreaterThanOrEqual(4)
  expect(ledger.live).toBe(0)
  await engine.stop()
})
