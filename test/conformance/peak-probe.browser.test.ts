import { afterAll, describe, expect, test } from 'vitest'
import { PeakProbe } from '../../bench/peak/peak-probe.ts'
import type { PeakKind, PeakShape } from '../../bench/peak/peak-shape.ts'

const KINDS: readonly PeakKind[] = ['packed', 'by-hand', 'integer', 'float']
const LAYOUTS: readonly Omit<PeakShape, 'kind'>[] = [
  { form: 'chain', accumulators: 8, lanes: 1, workgroup: 32 },
  { form: 'chain', accumulators: 16, lanes: 4, workgroup: 256 },
  { form: 'tile', accumulators: 16, lanes: 2, workgroup: 64 },
  { form: 'tile', accumulators: 64, lanes: 1, workgroup: 64 },
]

async function openDevice(): Promise<GPUDevice> {
  const adapter = await navigator.gpu.requestAdapter()
  if (adapter === null) throw new Error('this browser offers no WebGPU adapter')
  return adapter.requestDevice({ requiredFeatures: ['timestamp-query'] })
}

describe('the peak probe', () => {
  const opened = openDevice()
  afterAll(async () => (await opened).destroy())

  test('computes on the device what its twin computes, by every instruction', async () => {
    const probe = new PeakProbe(await opened)
    const shapes = KINDS.flatMap((kind) => LAYOUTS.map((layout) => ({ kind, ...layout })))
    const { candidates, refused } = await probe.screen(shapes, 1)
    expect(refused).toEqual([])
    expect(candidates).toHaveLength(shapes.length)
    expect(candidates.every(({ screenedMacsPerS }) => screenedMacsPerS > 0)).toBe(true)
    probe.destroy()
  })

  test('does not count a shape whose sums differ, or that does not compile', async () => {
    const probe = new PeakProbe(await opened)
    // Ten sums don't fill vectors of four: the kernel has eight of them, the twin ten.
    const differs: PeakShape = { kind: 'integer', form: 'chain', accumulators: 10, lanes: 4, workgroup: 64 }
    const fails: PeakShape = { kind: 'integer', form: 'chain', accumulators: 8, lanes: 1, workgroup: 100_000 }
    const { candidates, refused } = await probe.screen([differs, fails], 1)
    expect(candidates).toEqual([])
    expect(refused.map(({ shape }) => shape)).toEqual([differs, fails])
    expect(refused[0]?.reason).toMatch(/^invocation 0: -?\d+ instead of -?\d+$/)
    await expect(probe.measure(differs, 1)).rejects.toMatchObject({ code: 'not_screened' })
    probe.destroy()
  })
})
