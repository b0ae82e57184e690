import { measureRace } from './measure-race.ts'
import type { MeasureOptions, RaceMeasurement } from './measurement.ts'
import { openThreadWorker } from './thread-worker.ts'

/** The measurement of the page, in Node on a WebGPU that is handed in. Loaded through Vite, because shaders are imported as text. */
export function measureNative(
  gpu: GPU,
  options: MeasureOptions,
  onStep: (step: string) => void,
): Promise<RaceMeasurement> {
  const userAgent = `Node ${process.version}`
  return measureRace({ gpu, userAgent, openWorker: () => openThreadWorker(gpu), onStep }, options)
}
