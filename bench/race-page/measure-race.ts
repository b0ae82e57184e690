/**
 * Measures the race on one adapter: whole attempts against the device's own peak, where the rest goes, the two oracles, and the times of
 * the worker that ships. Runs in a page (main.ts) and in Node with any implementation of WebGPU (bench/race-native.ts).
 *
 * Invariant: what is compared is sampled in turns within one run, and every digest that a backend gives here is compared with the oracle;
 * a difference is a fault of the report.
 *
 * Read next: measurement.ts (what comes out), race-rate.ts, session-times.ts, ../peak/peak-shape.ts.
 */
import { CodedError } from '../../src/lib/coded-error.ts'
import { multiplyRows } from '../../src/race/linear.ts'
import { createRaceModel } from '../../src/race/model.ts'
import type { RaceOracle } from '../../src/race/oracle.ts'
import { createOracle } from '../../src/race/oracle.ts'
import type { RaceShape, ShapeName } from '../../src/race/shapes.ts'
import { RACE_SHAPES } from '../../src/race/shapes.ts'
import type { WasmOracle } from '../../src/race/wasm-oracle.ts'
import type { RaceBackend } from '../../src/worker/race-engine.ts'
import { EVERY_DIGEST, nonceRange } from '../../src/worker/race-engine.ts'
import { WebgpuSource } from '../../src/worker/webgpu/gpu-source.ts'
import { tuningName } from '../../src/worker/webgpu/race-tuning.ts'
import { WebgpuBackend } from '../../src/worker/webgpu/webgpu-backend.ts'
import { faultsOf } from './compare.ts'
import type { DeviceWatch } from './device-watch.ts'
import { watchGpu } from './device-watch.ts'
import type { PeakRun } from './measure-peak.ts'
import { startPeak } from './measure-peak.ts'
import type { MeasureOptions, RaceMeasurement, ShapeMeasurement, StageTime } from './measurement.ts'
import { createGemmOperands, PLAIN_GEMM_MACS } from './plain-gemm.ts'
import { createRaceRunner } from './race-rate.ts'
import { callsPerSecond, oracleAttemptsPerSecond, plainMacsPerSecond, wasmAttemptsPerSecond } from './rates.ts'
import type { SessionSource } from './session-times.ts'
import { measureCheck, measureSessionRate, measureStops } from './session-times.ts'
import type { OpenWorker } from './thread-worker.ts'
import { openThreadWorker } from './thread-worker.ts'
import { openWasmOracle } from './wasm-oracle.ts'

export interface RaceEnvironment {
  readonly gpu: GPU
  readonly userAgent: string
  /** The worker that ships, or its server in this thread. */
  openWorker(): OpenWorker
  /** What is measured now. */
  onStep(step: string): void
}

const EPOCH_SEED = new Uint8Array(32).fill(9)
const HOST = new Uint8Array(20).fill(7)

/** @throws CodedError `no_backend` where there is no adapter. */
export async function measureRace(environment: RaceEnvironment, options: MeasureOptions): Promise<RaceMeasurement> {
  const { onStep } = environment
  const { gpu, watch } = watchGpu(environment.gpu)
  const source = new WebgpuSource(gpu)
  const adapter = await source.adapter()
  if (adapter === undefined) {
    throw new CodedError('no_backend', 'WebGPU offers no adapter here')
  }
  onStep('screening the shapes of the peak probe')
  const peak = await startPeak(environment.gpu, options)
  const run: Run = { environment, options, source, watch, peak, jsMacsPerS: [], jsBlockedMacsPerS: [], faults: [] }
  const shapes: ShapeMeasurement[] = []
  for (const shape of options.shapes) {
    shapes.push(await measureShape(run, RACE_SHAPES[shape]))
  }
  peak.destroy()
  source.close()
  return {
    adapter,
    userAgent: environment.userAgent,
    peak: peak.measurement,
    jsMacsPerS: run.jsMacsPerS,
    jsBlockedMacsPerS: run.jsBlockedMacsPerS,
    shapes,
    faults: run.faults,
  }
}

interface Run {
  readonly environment: RaceEnvironment
  readonly options: MeasureOptions
  /** The worker's own way to a backend: with it come the device, its features and the kernels that were chosen. */
  readonly source: WebgpuSource
  readonly watch: DeviceWatch
  readonly peak: PeakRun
  readonly jsMacsPerS: number[]
  readonly jsBlockedMacsPerS: number[]
  readonly faults: string[]
}

async function measureShape(run: Run, shape: RaceShape): Promise<ShapeMeasurement> {
  const { environment, options, source, watch } = run
  environment.onStep(`${shape.name}: opening the backend`)
  const model = createRaceModel(shape, EPOCH_SEED)
  const bytesBefore = watch.bufferBytes
  const backend = await source.createBackend(model)
  await backend.start()
  const bufferBytes = watch.bufferBytes - bytesBefore
  const oracle = createOracle(model)
  const wasm = openWasmOracle(shape, EPOCH_SEED)
  environment.onStep(`${shape.name}: racing, in turns with the probe and the oracles`)
  const runner = await createRaceRunner(backend, HOST)
  watch.clearSlices()
  const race = (forMs: number): Promise<number> => runner.measure(forMs)
  const profile = (): Promise<readonly StageTime[]> => profileOf(backend, runner.attemptsPerBatch)
  const samples = await sampleInTurns(run, { shape, oracle, wasm, race, profile })
  const slicesMs = [...watch.slicesMs]
  run.faults.push(...(await faultsOf(backend, HOST, runner.attemptsPerBatch, [oracle, wasm])))
  await backend.stop()
  environment.onStep(`${shape.name}: starts`)
  const startsMs = await measureStarts(source, shape, options.starts)
  return {
    shape: shape.name,
    macsPerAttempt: Number(shape.macs),
    tuning: tuningOf(backend),
    attemptsPerBatch: runner.attemptsPerBatch,
    ...samples,
    peaks: run.peak.take(),
    bufferBytes,
    startsMs,
    slicesMs,
    ...(await measureWorker(environment, shape.name, options)),
  }
}

interface Contenders {
  readonly shape: RaceShape
  readonly oracle: RaceOracle
  readonly wasm: WasmOracle | undefined
  race(forMs: number): Promise<number>
  profile(): Promise<readonly StageTime[]>
}

type TurnSamples = Pick<ShapeMeasurement, 'attemptsPerS' | 'tsAttemptsPerS' | 'wasmAttemptsPerS' | 'stages'>

/** One sample of each a round; the race between two samples of the peak, as the two are compared most closely. */
async function sampleInTurns(run: Run, { shape, oracle, wasm, race, profile }: Contenders): Promise<TurnSamples> {
  const { options, peak, jsMacsPerS, jsBlockedMacsPerS } = run
  const { rounds, raceMs, otherMs } = options
  const operands = createGemmOperands()
  const inputs = { data: operands.inputs, offset: 0, rows: operands.rows }
  const weights = { data: operands.weights, offset: 0, rows: operands.outputs }
  const blocked = (): void => multiplyRows(operands.out, inputs, weights, operands.length)
  const attemptsPerS: number[] = []
  const tsAttemptsPerS: number[] = []
  const wasmAttemptsPerS: number[] = []
  const stages: (readonly StageTime[])[] = []
  // What a compiler does to a loop on its first runs is nobody's rate.
  plainMacsPerSecond(operands, otherMs)
  callsPerSecond(blocked, otherMs)
  await peak.sample()
  peak.take()
  for (let round = 0; round < rounds; round++) {
    await peak.sample()
    attemptsPerS.push(await race(raceMs))
    stages.push(await profile())
    await peak.sample()
    jsMacsPerS.push(plainMacsPerSecond(operands, otherMs))
    jsBlockedMacsPerS.push(callsPerSecond(blocked, otherMs) * PLAIN_GEMM_MACS)
    tsAttemptsPerS.push(oracleAttemptsPerSecond(oracle, HOST, otherMs))
    if (wasm !== undefined) wasmAttemptsPerS.push(wasmAttemptsPerSecond(wasm, shape, HOST, otherMs))
  }
  return { attemptsPerS, tsAttemptsPerS, wasmAttemptsPerS, stages }
}

/** GPU time of one batch by kind of work; nothing where the backend cannot say. */
async function profileOf(backend: RaceBackend, attempts: number): Promise<readonly StageTime[]> {
  if (!(backend instanceof WebgpuBackend)) return []
  const batch = { host: HOST, target: new Uint8Array(32), nonces: nonceRange(0n, attempts) }
  return (await backend.profile(batch)).map(({ name, ms }) => ({ name, ms }))
}

function tuningOf(backend: RaceBackend): string {
  return backend instanceof WebgpuBackend ? tuningName(backend.tuning) : backend.kind
}

/** From a new epoch's seed to the first attempt, on a device whose kernels are compiled. */
async function measureStarts(source: WebgpuSource, shape: RaceShape, starts: number): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < starts; index++) {
    const startedMs = performance.now()
    const backend = await source.createBackend(createRaceModel(shape, new Uint8Array(32).fill(index + 20)))
    await backend.start()
    await backend.run({ host: HOST, target: EVERY_DIGEST, nonces: BigUint64Array.of(0n) })
    times.push(performance.now() - startedMs)
    await backend.stop()
  }
  return times
}

async function measureWorker(
  environment: RaceEnvironment,
  shape: ShapeName,
  options: MeasureOptions,
): Promise<Pick<ShapeMeasurement, 'session' | 'check'>> {
  const { client, close } = environment.openWorker()
  const source = { shape, epochSeed: EPOCH_SEED, host: HOST }
  try {
    environment.onStep(`${shape}: the worker's race`)
    const attemptsPerS = await measureSessionRate(client, source, options)
    environment.onStep(`${shape}: the worker checks finds`)
    const check = await measureCheck(client, source, options)
    environment.onStep(`${shape}: ${options.stops} stops`)
    return { session: { attemptsPerS, ...(await measurePauses(environment, source, options)) }, check }
  } finally {
    close()
  }
}

/** In this thread, because only the owner of a device sees when it is idle. */
async function measurePauses(
  environment: RaceEnvironment,
  source: SessionSource,
  options: MeasureOptions,
): Promise<Awaited<ReturnType<typeof measureStops>>> {
  const { gpu, watch } = watchGpu(environment.gpu)
  const { client, close } = openThreadWorker(gpu)
  try {
    return await measureStops(client, watch, source, options)
  } finally {
    close()
  }
}
