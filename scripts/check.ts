/**
 * `npm run check`: everything that can be said about the tree without a browser, two steps at a time. Prints a table with the seconds of
 * each step and, of each that failed, what it said. `npm run check -- types layers` runs only the steps named.
 */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { isMain, repoRoot } from './files.ts'

interface Step {
  readonly name: string
  /** Path of the program to run with Node, and its arguments. */
  readonly command: readonly string[]
}

interface StepResult {
  readonly name: string
  readonly passed: boolean
  readonly seconds: number
  readonly output: string
}

const AT_ONCE = 2
const OUTPUT_LIMIT_BYTES = 2_000_000
/** A step that hangs is a failure, not a wait without end. */
const STEP_LIMIT_MS = 900_000

/** Longest first: two lanes then end at about the same time. */
const STEPS: readonly Step[] = [
  {
    name: 'fast tests',
    command: ['node_modules/vitest/vitest.mjs', 'run', '--project', 'node', '--reporter', 'dot'],
  },
  { name: 'types', command: ['node_modules/typescript/bin/tsc', '-b'] },
  { name: 'dead code', command: ['node_modules/knip/bin/knip.js', '--no-progress'] },
  { name: 'integers', command: ['scripts/check-integers.ts'] },
  {
    name: 'layers',
    command: [
      'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
      ...['--config', '.dependency-cruiser.cjs', '--output-type', 'err-long'],
      ...['src', 'test', 'bench', 'scripts'],
    ],
  },
  {
    name: 'lint',
    command: [
      'node_modules/@biomejs/biome/bin/biome',
      'ci',
      '--error-on-warnings',
      '--colors=off',
      '--max-diagnostics=60',
      '.',
    ],
  },
  { name: 'generated code', command: ['scripts/proto.ts', '--check'] },
  { name: 'race module', command: ['scripts/race-wasm.ts', '--check'] },
  { name: 'lock file', command: ['scripts/lock-file.ts', '--check'] },
  { name: 'sizes', command: ['scripts/check-size.ts'] },
  { name: 'documents', command: ['scripts/check-docs.ts'] },
  { name: 'words', command: ['scripts/check-words.ts'] },
]

const running = new Set<ChildProcess>()

function stopRunning(): never {
  for (const child of running) child.kill('SIGTERM')
  process.exit(130)
}

function runStep(step: Step): Promise<StepResult> {
  const startedMs = performance.now()
  return new Promise((resolve) => {
    const [program, ...args] = step.command
    const child = spawn(process.execPath, [join(repoRoot, program as string), ...args], {
      cwd: repoRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', CI: '1', TAILRACE_FAST_TESTS: '1' },
    })
    running.add(child)
    const timer = setTimeout(() => {
      output += `\nstopped after ${STEP_LIMIT_MS / 1_000} s`
      child.kill('SIGKILL')
    }, STEP_LIMIT_MS)
    let output = ''
    const collect = (chunk: Buffer): void => {
      if (output.length < OUTPUT_LIMIT_BYTES) output += chunk.toString('utf8')
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    const finish = (passed: boolean): void => {
      clearTimeout(timer)
      running.delete(child)
      resolve({ name: step.name, passed, seconds: (performance.now() - startedMs) / 1000, output: output.trim() })
    }
    child.on('error', (error) => {
      output += error.message
      finish(false)
    })
    child.on('close', (code) => finish(code === 0))
  })
}

async function runAll(steps: readonly Step[]): Promise<StepResult[]> {
  const waiting = [...steps]
  const results: StepResult[] = []
  const lane = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) results.push(await runStep(step))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  return steps.flatMap((step) => results.filter((result) => result.name === step.name))
}

function lastLine(output: string): string {
  return output.split('\n').at(-1)?.trim() ?? ''
}

function table(results: readonly StepResult[]): string {
  return results
    .map((result) => {
      const verdict = result.passed ? 'ok    ' : 'FAILED'
      const remark = result.passed ? lastLine(result.output).slice(0, 90) : ''
      return `${verdict} ${result.name.padEnd(15)} ${result.seconds.toFixed(1).padStart(6)} s  ${remark}`.trimEnd()
    })
    .join('\n')
}

async function main(): Promise<number> {
  const wanted = process.argv.slice(2)
  const unknown = wanted.filter((name) => !STEPS.some((step) => step.name === name))
  if (unknown.length > 0) {
    console.error(`no such step: ${unknown.join(', ')}. There are: ${STEPS.map((step) => step.name).join(', ')}`)
    return 1
  }
  const startedMs = performance.now()
  const results = await runAll(STEPS.filter((step) => wanted.length === 0 || wanted.includes(step.name)))
  const failed = results.filter((result) => !result.passed)
  for (const result of failed) console.log(`\n── ${result.name} ──\n${result.output}\n`)
  console.log(table(results))
  console.log(
    `${failed.length === 0 ? 'all well' : `${failed.length} failed`}, ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
  )
  return failed.length === 0 ? 0 : 1
}

if (isMain(import.meta.url)) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stopRunning)
  process.exitCode = await main()
}
