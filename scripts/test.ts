/**
 * `npm test`: builds, then runs every test of every project. The last line is `N passed, N failed, N skipped`; a runner that crashes, a
 * build that fails and a run without tests are failures. Further arguments go to vitest (`npm test -- src/chain`).
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestCounts } from '../test/support/reporter.ts'
import { isMain, repoRoot } from './files.ts'

const CRASHED: TestCounts = { passed: 0, failed: 1, skipped: 0, remarks: ['failed: the test runner did not finish'] }

/** The last line of a test run. */
export function summaryLine(counts: TestCounts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`
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

/** Runs a program of the repository with this Node in the foreground; resolves with its exit code. Signals end it too. */
function runProgram(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number | null> {
  const child = spawn(process.execPath, args, { cwd: repoRoot, stdio: ['ignore', 'inherit', 'inherit'], env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code))
  })
}

async function runVitest(args: readonly string[]): Promise<TestCounts> {
  const folder = mkdtempSync(join(tmpdir(), 'tailrace-test-'))
  const countsPath = join(folder, 'counts.json')
  const program = join(repoRoot, 'node_modules', 'vitest', 'vitest.mjs')
  const reporters = ['--reporter=default', `--reporter=${join(repoRoot, 'test', 'support', 'reporter.ts')}`]
  try {
    const code = await runProgram([program, 'run', ...reporters, ...args], {
      ...process.env,
      TAILRACE_TEST_COUNTS: countsPath,
    })
    return judge(readCounts(countsPath), code)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function main(): Promise<number> {
  const built = await runProgram([join(repoRoot, 'scripts', 'build.ts')], process.env)
  const counts =
    built === 0
      ? await runVitest(process.argv.slice(2))
      : { ...CRASHED, remarks: ['failed: the build (npm run build)'] }
  for (const remark of counts.remarks) console.log(remark)
  console.log(summaryLine(counts))
  return counts.failed === 0 && counts.passed > 0 ? 0 : 1
}

if (isMain(import.meta.url)) process.exitCode = await main()
