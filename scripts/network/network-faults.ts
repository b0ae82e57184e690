/**
 * `npm run network:faults -- [--kills 200] [--seed 1] [--json]`: hurts a network of four validators on CometBFT in every way that it
 * must bear (test/e2e/comet-faults.test.ts) and prints what happened. Exit code 1 where anything was lost or differs.
 */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isBuilt } from '../build-stamp.mjs'
import { isMain, repoRoot } from '../files.ts'
import { ensureCometbft } from './install-cometbft.ts'

const TEST = 'test/e2e/comet-faults.test.ts'

function main(): number {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '200' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  })
  if (!/^[0-9]{1,6}$/.test(values.kills)) {
    process.stderr.write(`--kills must be a number, not ${values.kills}\n`)
    return 2
  }
  const fault = ensureCometbft()
  if (fault !== undefined) {
    process.stderr.write(`CometBFT is not there: ${fault}\n`)
    return 1
  }
  if (!isBuilt()) {
    spawnSync(process.execPath, [join(repoRoot, 'scripts', 'build.ts')], { stdio: ['ignore', 2, 2] })
  }
  const folder = mkdtempSync(join(tmpdir(), 'tailrace-faults-'))
  const summary = join(folder, 'summary.json')
  const vitest = join(repoRoot, 'node_modules', 'vitest', 'vitest.mjs')
  try {
    const { status } = spawnSync(process.execPath, [vitest, 'run', '--project', 'e2e', TEST], {
      cwd: repoRoot,
      // The test runner's own lines are for people; the result alone goes to stdout.
      stdio: ['ignore', values.json ? 2 : 'inherit', 'inherit'],
      env: {
        ...process.env,
        TAILRACE_NODE_KILLS: values.kills,
        TAILRACE_KILL_SEED: values.seed,
        TAILRACE_FAULTS_SUMMARY: summary,
      },
    })
    process.stdout.write(readSummary(summary))
    return status ?? 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readSummary(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // The run failed before its end, and said why.
    return '{"ok":false}\n'
  }
}

if (isMain(import.meta.url)) process.exitCode = main()
