import { CodedError } from '../../src/lib/coded-error.ts'
import type { ShapeName } from '../../src/race/shapes.ts'
import type { ComputeClient } from '../../src/worker/compute-client.ts'
import { EVERY_DIGEST } from '../../src/worker/race-engine.ts'
import type { DeviceWatch } from './device-watch.ts'
import type { CheckMeasurement, MeasureOptions, SessionMeasurement } from './measurement.ts'

/** Times of the worker that ships, seen from its owner. */

export interface SessionSource {
  readonly shape: ShapeName
  readonly epochSeed: Uint8Array
  readonly host: Uint8Array
}

const FULL_DUTY_PPM = 1_000_000
/** Digest bytes 0, 0, …, 1: nobody finds it, so no time goes into confirming finds. */
const HARDEST = new Uint8Array(32)
HARDEST[31] = 1
/** Golden ratio: stops are spread over the length of a batch without a random number. */
const SPREAD = 0.618
const SPREAD_MS = 200

/** Attempts a second of the worker's own race, between two of its reports. */
export async function measureSessionRate(
  client: ComputeClient,
  source: SessionSource,
  options: MeasureOptions,
): Promise<number> {
  const reports: { readonly atMs: number; readonly attempts: number }[] = []
  await raceUntil(client, { ...source, raceId: 'bench rate' }, options.raceMs, (attempts) => {
    reports.push({ atMs: performance.now(), attempts })
  })
  const [first] = reports
  const last = reports.at(-1)
  if (first === undefined || last === undefined || last.atMs === first.atMs) return 0
  return ((last.attempts - first.attempts) * 1_000) / (last.atMs - first.atMs)
}

/** Stops a race at full duty again and again, at different points of a batch; `watch` looks on at the device of that race. */
export async function measureStops(
  client: ComputeClient,
  watch: DeviceWatch,
  source: SessionSource,
  options: MeasureOptions,
): Promise<Pick<SessionMeasurement, 'stopsMs' | 'pausesMs'>> {
  const stopsMs: number[] = []
  const pausesMs: number[] = []
  for (let index = 0; index < options.stops; index++) {
    const forMs = ((index * SPREAD) % 1) * SPREAD_MS
    const stoppedMs = await raceUntil(client, { ...source, raceId: `bench ${index}` }, forMs)
    stopsMs.push(performance.now() - stoppedMs)
    await watch.idle()
    pausesMs.push(performance.now() - stoppedMs)
  }
  return { stopsMs, pausesMs }
}

/** Races until the first attempts are reported and `forMs` longer; returns when the stop was asked for, once the worker says it has. */
async function raceUntil(
  client: ComputeClient,
  source: SessionSource & { readonly raceId: string },
  forMs: number,
  onAttempts: (attempts: number) => void = () => undefined,
): Promise<number> {
  const stop = new AbortController()
  let stoppedMs: number | undefined
  let isRacing = false
  const onProgress = ({ attempts }: { readonly attempts: number }): void => {
    if (attempts === 0) return
    onAttempts(attempts)
    if (isRacing) return
    isRacing = true
    setTimeout(() => {
      stoppedMs = performance.now()
      stop.abort()
    }, forMs)
  }
  const job = { ...source, target: HARDEST, startNonce: 0n, dutyPpm: FULL_DUTY_PPM, backend: 'webgpu' } as const
  await client.race(job, { onProgress }, stop.signal)
  if (stoppedMs === undefined) {
    throw new CodedError('race_ended', 'the race ended before it was stopped')
  }
  return stoppedMs
}

/** Checks as many finds as fit in `checkMs`, at least two and at most `checkedFinds`, by the worker's own choice of backend. */
export async function measureCheck(
  client: ComputeClient,
  source: SessionSource,
  options: MeasureOptions,
): Promise<CheckMeasurement> {
  const check = async (from: number, finds: number): Promise<number> => {
    const nonces = Array.from({ length: finds }, (_, index) => BigInt(from + index))
    const startedMs = performance.now()
    await client.verify({ ...source, nonces, target: EVERY_DIGEST })
    return performance.now() - startedMs
  }
  // The first opens the backend and gates it, which a verifier does once an epoch.
  const trialMs = await check(0, 1).then(() => check(1, 1))
  const finds = Math.max(2, Math.min(options.checkedFinds, Math.floor(options.checkMs / trialMs)))
  return { finds, elapsedMs: await check(1_000, finds) }
}
