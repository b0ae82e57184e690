/** Random attempts in masses through the real kernels, against WebAssembly, which race-mass.slow.test.ts holds against the reference. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { toHex } from '../../src/lib/bytes.ts'
import { CodedError } from '../../src/lib/coded-error.ts'
import { createRaceModel } from '../../src/race/model.ts'
import { RACE_SHAPES } from '../../src/race/shapes.ts'
import { createWasmOracle } from '../../src/race/wasm-oracle.ts'
import type { GpuContext } from '../../src/worker/webgpu/gpu-context.ts'
import { openGpuContext } from '../../src/worker/webgpu/gpu-context.ts'
import { WebgpuBackend } from '../../src/worker/webgpu/webgpu-backend.ts'
import { compareSubject } from '../support/race-conformance/compare.ts'
import { digestsOn } from '../support/race-conformance/gpu-digests.ts'
import { createOracleSubject } from '../support/race-conformance/oracle-subjects.ts'
import type { ConformanceJob, ConformanceSubject } from '../support/race-conformance/subject.ts'
import { drawJobs } from '../support/race-conformance/workload.ts'

vi.setConfig({ testTimeout: 600_000 })

const runSeed = crypto.getRandomValues(new Uint8Array(32))
const reference = createOracleSubject('wasm', createWasmOracle)
let opened: GpuContext | undefined
afterEach(() => {
  opened?.destroy()
  opened = undefined
})

async function openDevice(without: readonly GPUFeatureName[]): Promise<GpuContext> {
  opened = await openGpuContext(navigator.gpu, { without })
  if (opened === undefined) {
    throw new CodedError('no_backend', 'this browser offers no WebGPU adapter')
  }
  return opened
}

/** One backend for each job, as a race has one for each epoch. */
function createGpuSubject(context: GpuContext): ConformanceSubject {
  async function withBackend<T>({ shape, epochSeed }: ConformanceJob, use: (backend: WebgpuBackend) => Promise<T>) {
    const backend = new WebgpuBackend(context, createRaceModel(RACE_SHAPES[shape], epochSeed))
    await backend.start()
    try {
      return await use(backend)
    } finally {
      await backend.stop()
    }
  }
  return {
    name: 'webgpu',
    digests: (job) => withBackend(job, (backend) => digestsOn(backend, job.host, job.nonces)),
    trace: (job) =>
      withBackend(job, async (backend) => {
        const { stages, digest } = await backend.trace(job.host, job.nonces[0] ?? 0n)
        return { stages: stages.map(({ stage, bytes }) => ({ name: stage.name, bytes })), digest }
      }),
    stop: async () => undefined,
  }
}

describe(`random attempts on WebGPU, run seed ${toHex(runSeed)}`, () => {
  it.each([
    ['dev', 10_000, 50, []],
    ['dev', 10_000, 50, ['subgroups']],
    ['std', 20, 4, []],
    ['std', 20, 4, ['subgroups']],
  ] as const)(
    'of %s, %i over %i seeds, are those of WebAssembly, without [%s]',
    async (shape, attempts, seeds, without) => {
      const context = await openDevice(without)
      expect(context.device.features.has('subgroups')).toBe(without.length === 0)
      const jobs = drawJobs(runSeed, shape, { attempts, seeds })
      const result = await compareSubject(createGpuSubject(context), reference, { vectors: [], jobs, tracedJobs: 1 })
      expect(result.firstDifference).toBeUndefined()
      expect(result).toMatchObject({ attempts, seeds, differences: 0 })
    },
  )
})
