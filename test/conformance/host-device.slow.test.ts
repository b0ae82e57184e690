/** Devices that fail, differ or are replaced, seen by a whole host on the real state machine. */
import { afterEach, describe, expect, it } from 'vitest'
import { CodedError } from '../../src/lib/coded-error.ts'
import type { BackendReport, ComputePort, RaceJob } from '../../src/protocol/compute.ts'
import { compareFinds, recordOf } from '../support/host-checks.ts'
import { CPU_REPORT } from '../support/host-compute.ts'
import type { HostSetup, TestNetwork } from '../support/host-network.ts'
import { createTestNetwork } from '../support/host-network.ts'

let network: TestNetwork | undefined

afterEach(async () => {
  await network?.stop()
  network = undefined
})

const SOFTWARE_GPU: BackendReport = { ...CPU_REPORT, kind: 'webgpu', adapter: 'a software adapter' }

async function withCay(setup: HostSetup): Promise<TestNetwork> {
  network = await createTestNetwork({ ada: { isGenesis: true }, cay: setup })
  return network
}

describe('a device', () => {
  it('that comes while the host registers is raced on: a person opens the page a moment after the start', async () => {
    let isHere = false
    const arriving = (compute: ComputePort): ComputePort => ({
      ...compute,
      generation: () => (isHere ? 1 : 0),
      probe: async () => ({ backends: isHere ? [{ ...SOFTWARE_GPU, isSoftware: false }, CPU_REPORT] : [CPU_REPORT] }),
      findOne: async (job, signal) => {
        const nonce = await compute.findOne(job, signal)
        isHere = true
        return nonce
      },
    })
    const net = await withCay({ wrapCompute: arriving })
    await net.joinAll()
    await net.until(6)
    expect(net.host('cay').contributor.view().backend?.kind).toBe('webgpu')
  })

  it('that stops in the middle of a race is asked again, and the race loses nothing', async () => {
    const backends: string[] = []
    const failing = (compute: ComputePort): ComputePort => ({
      ...compute,
      probe: async () => ({
        backends: backends.length < 2 ? [{ ...SOFTWARE_GPU, isSoftware: false }, CPU_REPORT] : [CPU_REPORT],
      }),
      async race(job: RaceJob, listener, signal) {
        backends.push(job.backend)
        if (backends.length > 2) {
          return compute.race(job, listener, signal)
        }
        const broken = new AbortController()
        const both = AbortSignal.any([signal as AbortSignal, broken.signal])
        let reports = 0
        const onFinds = (nonces: readonly bigint[]) => {
          listener.onFinds(nonces)
          reports += 1
          if (reports === 2) {
            broken.abort()
          }
        }
        await compute.race(job, { ...listener, onFinds }, both)
        throw new CodedError('compute_unavailable', 'the page was closed')
      },
    })
    const net = await withCay({ wrapCompute: failing })
    await net.joinAll()
    await net.until(10)
    const cay = net.host('cay')
    expect(backends).toEqual(['webgpu', 'webgpu', 'cpu'])
    expect(cay.codes().filter((code) => code === 'compute_unavailable')).toHaveLength(2)
    expect(cay.contributor.view().backend).toEqual({ kind: 'cpu', reason: 'no_adapter' })
    const { committed, real } = await compareFinds(cay, net, 0)
    expect(committed.length).toBeGreaterThan(0)
    expect(committed).toEqual(real)
  })

  it('that does not compute what the network computes keeps the host out, and says so', async () => {
    const wrong = { ...CPU_REPORT, conformant: false, firstDifference: 'layer0.attention' }
    const net = await withCay({
      wrapCompute: (compute) => ({ ...compute, probe: async () => ({ backends: [wrong] }) }),
    })
    const cay = net.host('cay')
    await expect(cay.contributor.join()).rejects.toMatchObject({ code: 'no_conformant_backend' })
    expect(cay.contributor.view()).toMatchObject({ phase: 'stopped_by_fault', backend: undefined, record: undefined })
    expect(cay.codes()).toContain('no_conformant_backend')
    await cay.contributor.leave()
    expect(cay.contributor.view()).toMatchObject({ phase: 'idle', joined: false })
  })

  it('with a software adapter races on the CPU and says why, unless the adapter is allowed', async () => {
    const wrapCompute = (compute: ComputePort): ComputePort => ({
      ...compute,
      probe: async () => ({ backends: [SOFTWARE_GPU, CPU_REPORT] }),
    })
    network = await createTestNetwork({
      ada: { isGenesis: true, wrapCompute },
      bob: { isGenesis: true, wrapCompute, options: { allowSoftwareAdapter: true } },
    })
    await network.joinAll()
    const [ada, bob] = [network.host('ada'), network.host('bob')]
    expect(ada.contributor.view().backend).toEqual({ kind: 'cpu', reason: 'software_adapter' })
    expect(ada.contributor.view().notices).toContainEqual(
      expect.objectContaining({
        code: 'racing_on_cpu',
        fields: { reason: 'software_adapter', adapter: 'a software adapter' },
      }),
    )
    expect(bob.contributor.view().backend).toEqual({ kind: 'webgpu', reason: 'webgpu' })
    expect(bob.codes()).not.toContain('racing_on_cpu')
  })

  it('that comes after the join is used from the next race on', async () => {
    let generation = 0
    const net = await withCay({
      wrapCompute: (compute) => ({
        ...compute,
        probe: async () => ({
          backends: generation === 0 ? [CPU_REPORT] : [{ ...SOFTWARE_GPU, isSoftware: false }, CPU_REPORT],
        }),
        generation: () => generation,
      }),
    })
    await net.joinAll()
    const cay = net.host('cay')
    expect(cay.contributor.view().backend).toEqual({ kind: 'cpu', reason: 'no_adapter' })
    generation = 1
    await net.blocks(12)
    expect(cay.contributor.view().backend).toEqual({ kind: 'webgpu', reason: 'webgpu' })
  })

  it('that is not there yet is waited for', async () => {
    let probes = 0
    const late = (compute: ComputePort): ComputePort => ({
      ...compute,
      async probe(signal) {
        probes += 1
        if (probes < 3) {
          throw new CodedError('compute_unavailable', 'no page is open')
        }
        return compute.probe(signal)
      },
    })
    const net = await withCay({ wrapCompute: late })
    const cay = net.host('cay')
    const joined = cay.contributor.join()
    await net.blocks(1)
    expect(cay.contributor.view().phase).toBe('checking_device')
    await net.blocks(6)
    await joined
    expect(cay.contributor.view().phase).toBe('racing')
    expect(recordOf(cay).attestation).toMatchObject({ engine: 'tailrace/test', backend: 'cpu', adapter: 'test oracle' })
  })
})

describe('two machines of one owner', () => {
  it('do not replace each other for ever: the first one stops and says so', async () => {
    network = await createTestNetwork({ ada: { isGenesis: true }, cay: {}, cayToo: { ownerOf: 'cay' } })
    const [cay, other] = [network.host('cay'), network.host('cayToo')]
    expect(other.owner).toBe(cay.owner)
    const first = cay.contributor.join()
    await network.blocks(3)
    await first
    const second = other.contributor.join()
    await network.blocks(4)
    await second
    expect(cay.contributor.view().phase).toBe('stopped_by_fault')
    expect(cay.codes()).toContain('device_replaced')
    expect(other.contributor.view().phase).toBe('racing')
    await cay.restart()
    await network.blocks(2)
    expect(cay.contributor.view().phase).toBe('stopped_by_fault')
    expect(recordOf(other).deviceAddress).toBe(other.device)
  })
})
