/**
 * `npm run network:check -- --json`: starts `tailrace network up` with 4 validators and 3 further hosts in a folder of its own, orders completions
 * all the time, ends each process once, waits until 3 epochs have closed, and prints one JSON object: whether all held, the validators
 * with their power, heights, faults. Progress goes to stderr. Exit code 0 only where everything held. Needs CometBFT, which it
 * compiles where it is missing (`npm run cometbft`), and Linux, where processes are found by their command lines.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runNetworkCheck } from '../../test/support/network-check/run-check.ts'
import { isBuilt } from '../build-stamp.mjs'
import { isMain, repoRoot } from '../files.ts'
import { ensureCometbft } from './install-cometbft.ts'

const HARD_STOP_MS = 900_000

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

function numberOf(text: string, name: string): number {
  if (!/^[0-9]{1,3}$/.test(text)) {
    throw new Error(`--${name} must be a number`)
  }
  return Number(text)
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean' },
      validators: { type: 'string', default: '4' },
      hosts: { type: 'string', default: '3' },
      epochs: { type: 'string', default: '3' },
    },
  })
  const fault = ensureCometbft()
  if (fault !== undefined) {
    throw new Error(`CometBFT is not there: ${fault}`)
  }
  if (!isBuilt()) {
    spawnSync(process.execPath, [join(repoRoot, 'scripts', 'build.ts')], { stdio: ['ignore', 2, 2] })
  }
  const stopping = new AbortController()
  const hardStop = setTimeout(() => stopping.abort(new Error('hard stop after 900 s')), HARD_STOP_MS)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stopping.abort(new Error('interrupted')))
  }
  const home = mkdtempSync(join(tmpdir(), 'tailrace-network-'))
  const plan = {
    program: join(repoRoot, 'dist', 'node', 'tailrace.js'),
    home,
    validators: numberOf(values.validators, 'validators'),
    hosts: numberOf(values.hosts, 'hosts'),
    epochs: numberOf(values.epochs, 'epochs'),
    say,
  }
  try {
    const summary = await runNetworkCheck(plan, stopping.signal)
    for (const failure of summary.failures) {
      say(`does not hold: ${failure}`)
    }
    process.stdout.write(`${JSON.stringify(summary)}\n`)
    if (summary.ok) {
      rmSync(home, { recursive: true, force: true })
    } else {
      say(`kept for inspection: ${home}`)
    }
    return summary.ok ? 0 : 1
  } finally {
    clearTimeout(hardStop)
  }
}

if (isMain(import.meta.url)) {
  main().then(
    (code) => process.exit(code),
    (error: unknown) => {
      say(`network:check failed: ${error instanceof Error ? error.message : String(error)}`)
      process.stdout.write(`${JSON.stringify({ ok: false, error: String(error) })}\n`)
      process.exit(1)
    },
  )
}
