/** A whole conformance run: which backends there are, what each is given, and what came of it. */
import { toHex } from '../../../src/lib/bytes.ts'
import { CodedError, errorCode, errorMessage } from '../../../src/lib/coded-error.ts'
import type { ShapeName } from '../../../src/race/shapes.ts'
import { createWasmOracle } from '../../../src/race/wasm-oracle.ts'
import { readVectors } from '../vectors.ts'
import type { GpuBrowser, GpuSubject } from './browser-subjects.ts'
import { startGpuBrowser } from './browser-subjects.ts'
import { compareSubject } from './compare.ts'
import type { GpuVariant } from './gpu-page/messages.ts'
import { createOracleSubject, createTypescriptSubject, rememberAnswers } from './oracle-subjects.ts'
import { createPythonSubject, findPython } from './python-subject.ts'
import type { BackendReport, ConformanceReport } from './report.ts'
import type { ConformanceSubject } from './subject.ts'
import type { VectorCase, Workload } from './workload.ts'
import { drawJobs } from './workload.ts'

export interface ConformanceOptions {
  /** 32 bytes, from which all attempts are drawn. */
  readonly runSeed: Uint8Array
  /** Random `dev` attempts for each fast backend, over `seeds` epoch seeds. */
  readonly attempts: number
  readonly seeds: number
  say(text: string): void
}

const MIB = 1 << 20
/** Passes of `std` are 400 times as long as those of `dev`. */
const STD = { attempts: 8, seeds: 4 }
const PYTHON_DEV = { attempts: 100, seeds: 50 }
/** Python takes half a minute for one pass of `std`. */
const PYTHON_STD = { attempts: 1, seeds: 1 }
const TUNING_DEV = { attempts: 60, seeds: 2 }
const TRACED_JOBS = 6
/** What the variants of one device get beside the vectors: its kernels were compared in the full amount already. */
const VARIANT = { dev: { attempts: 500, seeds: 10 }, std: { attempts: 2, seeds: 2 } }
const VARIANTS: readonly { readonly name: string; readonly variant: GpuVariant }[] = [
  { name: 'webgpu without subgroups', variant: { without: ['subgroups'] } },
  { name: 'webgpu, 128 MiB buffers', variant: { maxBufferBytes: 128 * MIB } },
  { name: 'webgpu, 1 GiB buffers', variant: { maxBufferBytes: 1024 * MIB } },
]

interface Run {
  readonly options: ConformanceOptions
  readonly reference: ConformanceSubject
  readonly vectors: Workload['vectors']
  /** In the order in which they began. */
  readonly backends: (BackendReport | undefined)[]
  readonly missing: { name: string; reason: string }[]
}

export async function runConformance(options: ConformanceOptions): Promise<ConformanceReport> {
  const reference = rememberAnswers(createTypescriptSubject())
  const vectors = (['dev', 'std'] as const).map((shape) => ({ shape, cases: vectorCases(shape) }))
  const run: Run = { options, reference, vectors, backends: [], missing: [] }
  const full = workloadOf(run, options, STD)
  // Python and the browser are processes of their own: they compute while the oracles of this one do.
  await Promise.all([
    attempt(run, 'typescript', () => compare(run, createTypescriptSubject(), { ...full, jobs: [], tracedJobs: 0 })),
    attempt(run, 'wasm', () => compare(run, createOracleSubject('wasm', createWasmOracle), full)),
    attempt(run, 'python', () => runPython(run)),
    attempt(run, 'webgpu', () => runBrowser(run, full)),
  ])
  const backends = run.backends.filter((backend) => backend !== undefined)
  return {
    vectors: vectors.reduce((sum, { cases }) => sum + cases.length, 0),
    runSeed: toHex(options.runSeed),
    backends,
    missing: run.missing,
    differences: backends.reduce((sum, { differences }) => sum + differences, 0),
  }
}

function vectorCases(shape: ShapeName): readonly VectorCase[] {
  return readVectors<{ readonly cases: readonly VectorCase[] }>(`race-${shape}`).cases
}

type Amount = { readonly attempts: number; readonly seeds: number }

function workloadOf({ options, vectors }: Run, dev: Amount, std: Amount): Workload {
  const jobs = [...drawJobs(options.runSeed, 'std', std), ...drawJobs(options.runSeed, 'dev', dev)]
  return { vectors, jobs, tracedJobs: Math.min(TRACED_JOBS, jobs.length) }
}

/** A backend that fails is missing; the others still run. */
async function attempt(run: Run, name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    run.missing.push({ name, reason: `${errorCode(error)}: ${errorMessage(error)}` })
  }
}

async function compare(
  run: Run,
  subject: ConformanceSubject,
  workload: Workload,
  more: () => Promise<Partial<BackendReport>> = async () => ({}),
): Promise<void> {
  run.options.say(`${subject.name} …`)
  const place = run.backends.push(undefined) - 1
  const result = await compareSubject(subject, run.reference, workload)
  run.backends[place] = { ...result, ...(await more()) }
}

async function runPython(run: Run): Promise<void> {
  const python = findPython()
  if (python === undefined) {
    throw new CodedError('no_python', 'no python3 on this machine')
  }
  const subject = createPythonSubject(python)
  try {
    // It wrote the vectors of std: computing them once more takes a minute and is `race.py --check-std`.
    const workload = workloadOf(
      run,
      { ...PYTHON_DEV, seeds: Math.min(PYTHON_DEV.seeds, run.options.seeds) },
      PYTHON_STD,
    )
    await compare(run, subject, { ...workload, vectors: run.vectors.filter(({ shape }) => shape === 'dev') })
  } finally {
    await subject.stop()
  }
}

async function runBrowser(run: Run, full: Workload): Promise<void> {
  const browser = await startGpuBrowser()
  try {
    const tunings = await runVariant(run, browser, 'webgpu', {}, full)
    const fewer = workloadOf(run, VARIANT.dev, VARIANT.std)
    for (const { name, variant } of VARIANTS) {
      await attempt(run, name, async () => void (await runVariant(run, browser, name, variant, fewer)))
    }
    const jobs = drawJobs(run.options.runSeed, 'dev', TUNING_DEV)
    const vectors = run.vectors.filter(({ shape }) => shape === 'dev')
    for (const tuning of tunings) {
      const name = `webgpu, tuning ${tuning}`
      const workload = { vectors, jobs, tracedJobs: 1 }
      await attempt(run, name, async () => void (await runVariant(run, browser, name, { tuning }, workload)))
    }
  } finally {
    await browser.stop()
  }
}

/** The tunings of the device. */
async function runVariant(
  run: Run,
  browser: GpuBrowser,
  name: string,
  variant: GpuVariant,
  workload: Workload,
): Promise<readonly string[]> {
  const subject: GpuSubject = await browser.open(name, variant)
  const { adapter, features, tunings } = subject.device
  const subgroups = features.includes('subgroups')
  await compare(run, subject, workload, async () => {
    return { adapter, subgroups, largestBufferBytes: await subject.close() }
  })
  return tunings
}
