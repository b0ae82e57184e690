/** A device that is checked again, by a whole host on the real state machine. */
import { afterEach, expect, it } from 'vitest'
import { SILENT_LOGGER } from '../../src/lib/runtime.ts'
import { createMachineDesk } from '../../src/main/machine/machine-desk.ts'
import type { BackendReport, ComputePort } from '../../src/protocol/compute.ts'
import { CPU_REPORT } from '../support/host-compute.ts'
import type { TestNetwork } from '../support/host-network.ts'
import { createTestNetwork } from '../support/host-network.ts'

let network: TestNetwork | undefined

afterEach(async () => {
  await network?.stop()
  network = undefined
})

const GPU: BackendReport = { ...CPU_REPORT, kind: 'webgpu', adapter: 'a card', isSoftware: false }

it('is asked while nothing races, and the result shows; never in the middle of a race', async () => {
  let backends: readonly BackendReport[] = [CPU_REPORT]
  let probes = 0
  const wrapCompute = (compute: ComputePort): ComputePort => ({
    ...compute,
    async probe() {
      probes += 1
      return { backends }
    },
  })
  network = await createTestNetwork({ ada: { isGenesis: true }, cay: { wrapCompute } })
  const { contributor } = network.host('cay')
  const reader = { read: () => Promise.reject(new Error('not asked')) }
  const desk = createMachineDesk({ reader, contributor, doctor: async () => [], logger: SILENT_LOGGER })

  expect(contributor.view().device).toBeUndefined()
  const [first, second] = await Promise.all([desk.recheck(), desk.recheck()])
  expect([first, second]).toEqual(['accepted', 'already'])
  expect(contributor.view().device).toEqual({ backends: [CPU_REPORT] })
  expect(contributor.view()).toMatchObject({ joined: false, backend: { kind: 'cpu', reason: 'no_adapter' } })

  backends = [GPU, CPU_REPORT]
  expect(await desk.recheck()).toBe('accepted')
  expect(contributor.view().backend).toEqual({ kind: 'webgpu', reason: 'webgpu' })

  await network.joinAll()
  expect(contributor.view().phase).toBe('racing')
  const before = probes
  await expect(desk.recheck()).rejects.toMatchObject({ code: 'busy' })
  expect(probes).toBe(before)
})

it('that is no longer exact is said, and a later check may find it well again', async () => {
  let backends: readonly BackendReport[] = [{ ...CPU_REPORT, conformant: false, firstDifference: 'layer0.attention' }]
  const wrapCompute = (compute: ComputePort): ComputePort => ({ ...compute, probe: async () => ({ backends }) })
  network = await createTestNetwork({ ada: { isGenesis: true }, cay: { wrapCompute } })
  const { contributor } = network.host('cay')
  await expect(contributor.recheck()).rejects.toMatchObject({ code: 'no_conformant_backend' })
  expect(contributor.view()).toMatchObject({ backend: undefined, device: { backends } })
  backends = [CPU_REPORT]
  await contributor.recheck()
  expect(contributor.view().backend).toEqual({ kind: 'cpu', reason: 'no_adapter' })
})
