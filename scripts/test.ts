/**
 * `npm test`: builds, then runs every test of every project. The last line is `N passed, N failed, N skipped`; a runner that crashes, a
 * build that fails and a run without tests are failures. Further arguments go to vitest (`npm test -- src/chain`).
 * Networks of processes wait for blocks half of the time, and a software GPU takes one processor for minutes: these two run beside each
 * other, the browser with what the networks leave, since theirs is the time that blocks are made in.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestCounts } from '../test/support/reporter.ts'
import { isMain, repoRoot } from './files.ts'
import { ensureCometbft } from './network/install-cometbft.ts'

const CRASHED: TestCounts = { passed: 0, failed: 1, skipped: 0, remarks: ['failed: the test runner did not finish'] }

/** The last line of a test run. */
export function summaryLine(counts: TestCounts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`
}

/** Runs one after the other or beside each other, as one. */
export function sumCounts(runs: readonly TestCounts[]): TestCounts {
  const sumOf = (key: 'passed' | 'failed' | 'skipped'): number => runs.reduce((sum, counts) => sum + counts[key], 0)
  return {
    passed: sumOf('passed'),
    failed: sumOf('failed'),
    skipped: sumOf('skipped'),
    remarks: runs.flatMap(({ remarks }) => remarks),
  }
}

/** What the reporter left, made a failure where the runner itself ended badly without one. */
export function judge(reported: TestCounts | undefined, exitCode: number | null): TestCounts {
  if (reported === undefined) return CRASHED
  if (exitCode === 0 || reported.failed > 0) return reported
  return {
    ...reported,
    failed: 1,
    remarks: [...reported.remarks, `failed: vitest ended with ${exitCode ?? 'a signal'}`],
  }
}

function readCounts(path: string): TestCounts | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as TestCounts
  } catch {
    // No file or half of one: the runner died. The caller counts that as a failure.
    return undefined
  }
}

/** How much a run beside another one gives way: a fourth of a processor where the other wants all of it. */
const BESIDE_NICENESS = 5

/**
 * Runs a program of the repository with this Node; resolves with its exit code. Signals end it too. One that runs beside another takes what that
 * leaves, and what it says is shown at its end.
 */
function runProgram(args: readonly string[], env: NodeJS.ProcessEnv, isBeside = false): Promise<number | null> {
  const output = isBeside ? 'pipe' : 'inherit'
  const child = spawn(process.execPath, args, { cwd: repoRoot, stdio: ['ignore', output, output], env })
  if (isBeside && child.pid !== undefined) setPriority(child.pid, BESIDE_NICENESS)
  const said: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => said.push(chunk))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      process.stdout.write(Buffer.concat(said))
      resolve(code)
    })
  })
}

/** Everything: what fills the processors by itself, then the networks with the browser beside them, then the runs whose times count. */
async function runAll(): Promise<TestCounts> {
  const node = await runVitest(['--project', 'node'])
  const together = await Promise.all([
    runVitest(['--project', 'e2e']),
    runVitest(['--project', 'browser'], { isBeside: true }),
  ])
  return sumCounts([node, ...together, await runVitest(['--project', 'e2e-alone'])])
}

async function runVitest(args: readonly string[], { isBeside = false } = {}): Promise<TestCounts> {
  const folder = mkdtempSync(join(tmpdir(), 'tailrace-test-'))
  const countsPath = join(folder, 'counts.json')
  const program = join(repoRoot, 'node_modules', 'vitest', 'vitest.mjs')
  const reporters = ['--reporter=default', `--reporter=${join(repoRoot, 'test', 'support', 'reporter.ts')}`]
  try {
    const env = { ...process.env, TAILRACE_TEST_COUNTS: countsPath }
    const code = await runProgram([program, 'run', ...reporters, ...args], env, isBeside)
    return judge(readCounts(countsPath), code)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The tests of networks need CometBFT; where it cannot be had they are skipped and say so. */
function prepareCometbft(): void {
  const fault = ensureCometbft()
  if (fault !== undefined) {
    console.log(`CometBFT is not there, so the tests that need it are skipped: ${fault}`)
  }
}

async function main(): Promise<number> {
  prepareCometbft()
  const built = await runProgram([join(repoRoot, 'scripts', 'build.ts')], process.env)
  const counts =
    built === 0
      ? await (process.argv.length > 2 ? runVitest(process.argv.slice(2)) : runAll())
      : { ...CRASHED, remarks: ['failed: the build (npm run build)'] }
  for (const remark of counts.remarks) console.log(remark)
  console.log(summaryLine(counts))
  return counts.failed === 0 && counts.passed > 0 ? 0 : 1
}

if (isMain(import.meta.url)) process.exitCode = await main()
