import { PeakProbe } from '../peak/peak-probe.ts'
import type { PeakShape } from '../peak/peak-shape.ts'
import { listPeakShapes, peakShapeName } from '../peak/peak-shape.ts'
import type { MeasureOptions, PeakFinalist, PeakMeasurement } from './measurement.ts'

/** The probe on a device of its own: the race's device stays as the race asks for it. */
export interface PeakRun {
  readonly measurement: PeakMeasurement
  /** One pass of every finalist; call it once a round. */
  sample(): Promise<void>
  /** Rates since the last call, one a round. */
  take(): readonly PeakFinalist[]
  destroy(): void
}

/** The fastest of each kind, and this many of all. */
const FINALISTS = 3

export async function startPeak(gpu: GPU, options: MeasureOptions): Promise<PeakRun> {
  const { device, languageFeatures } = await openDevice(gpu)
  const probe = new PeakProbe(device)
  const shapes = listPeakShapes(languageFeatures).slice(0, options.peakShapes)
  const { candidates, refused } = await probe.screen(shapes, options.peakScreenMs)
  const ranked = candidates.map(({ shape }) => shape)
  const finalists = ranked.filter(
    (shape, rank) => rank < FINALISTS || ranked.findIndex(({ kind }) => kind === shape.kind) === rank,
  )
  return {
    measurement: {
      timing: probe.timing,
      shapesTried: shapes.length,
      refused: refused.map(({ shape, reason }) => ({ name: peakShapeName(shape), reason })),
    },
    ...sampling(probe, finalists, options.peakPassMs),
    destroy() {
      probe.destroy()
      device.destroy()
    },
  }
}

function sampling(probe: PeakProbe, finalists: readonly PeakShape[], passMs: number): Pick<PeakRun, 'sample' | 'take'> {
  let rates = finalists.map((): number[] => [])
  return {
    async sample() {
      for (const [index, shape] of finalists.entries()) {
        rates[index]?.push(await probe.measure(shape, passMs))
      }
    },
    take() {
      const taken = rates
      rates = finalists.map(() => [])
      return finalists.map((shape, index) => ({
        name: peakShapeName(shape),
        kind: shape.kind,
        macsPerS: taken[index] ?? [],
      }))
    },
  }
}

async function openDevice(gpu: GPU): Promise<{ device: GPUDevice; languageFeatures: ReadonlySet<string> }> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (adapter === null) {
    throw new Error('the adapter is gone')
  }
  const requiredFeatures: GPUFeatureName[] = adapter.features.has('timestamp-query') ? ['timestamp-query'] : []
  const device = await adapter.requestDevice({ requiredFeatures })
  return { device, languageFeatures: new Set(gpu.wgslLanguageFeatures ?? []) }
}
