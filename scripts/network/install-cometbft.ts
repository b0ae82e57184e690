/**
 * `npm run cometbft`: compiles CometBFT, the engine of networks with more than one machine, at the version that this repository is tried with, into
 * .cache/cometbft (git ignores it). Needs Go and, once, the internet: the source comes through Go's module proxy, which checks it
 * against Go's public checksum database. Nothing is installed anywhere else. Where TAILRACE_COMETBFT names a program, that one is
 * checked and nothing is compiled.
 *
 *   npm run cometbft
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { errorMessage } from '../../src/lib/coded-error.ts'
import type { CometbftBinary } from '../../src/main/cometbft/binary.ts'
import { COMETBFT_VARIABLE, COMETBFT_VERSION, cachedBinary, findCometbft } from '../../src/main/cometbft/binary.ts'
import { isMain, repoRoot } from '../files.ts'

const PACKAGE = `github.com/cometbft/cometbft/cmd/cometbft@v${COMETBFT_VERSION}`
/** Of CometBFT's go.mod. */
const LEAST_GO = [1, 22, 11] as const

function say(text: string): void {
  process.stderr.write(`tailrace: ${text}\n`)
}

/** The version that `go version` names, as three numbers; undefined where it names none. */
export function goVersionOf(said: string): readonly number[] | undefined {
  const found = /\bgo([0-9]+)\.([0-9]+)(?:\.([0-9]+))?/.exec(said)
  return found === null ? undefined : [Number(found[1]), Number(found[2]), Number(found[3] ?? '0')]
}

/** Undefined where this Go can compile CometBFT, else what to do about it. */
export function goFault(version: readonly number[] | undefined): string | undefined {
  const least = LEAST_GO.join('.')
  const how =
    `Go ${least} or newer compiles it: https://go.dev/dl, or the package golang of a recent distribution (Debian 12 has 1.19, ` +
    `its backports newer ones). Or unpack a release of https://github.com/cometbft/cometbft/releases and name its program by ${COMETBFT_VARIABLE}`
  if (version === undefined) {
    return `there is no Go on this machine. ${how}`
  }
  const first = version.findIndex((part, index) => part !== LEAST_GO[index])
  const isOld = first >= 0 && (version[first] ?? 0) < (LEAST_GO[first] ?? 0)
  return isOld ? `the Go on this machine is ${version.join('.')}. ${how}` : undefined
}

/** A program of the right line that is there already. */
function findExisting(): CometbftBinary | undefined {
  try {
    return findCometbft()
  } catch {
    // None: it is compiled, or the reason is said.
    return undefined
  }
}

/** @returns why it is not there afterwards; undefined: it is */
export function ensureCometbft(): string | undefined {
  const existing = findExisting()
  if (existing !== undefined) {
    say(`CometBFT ${existing.version} is at ${existing.path}`)
    return undefined
  }
  if ((process.env[COMETBFT_VARIABLE] ?? '') !== '') {
    return `${COMETBFT_VARIABLE} names ${process.env[COMETBFT_VARIABLE]}, which is no CometBFT 0.38`
  }
  const go = spawnSync('go', ['version'], { encoding: 'utf8' })
  const fault = goFault(go.status === 0 ? goVersionOf(go.stdout) : undefined)
  return fault ?? compile()
}

function compile(): string | undefined {
  const target = cachedBinary(repoRoot)
  const folder = join(dirname(target), 'new')
  mkdirSync(folder, { recursive: true })
  say(
    `compiling CometBFT ${COMETBFT_VERSION} (go install ${PACKAGE}), the engine of networks of several machines: half a minute to three`,
  )
  try {
    // Without cgo: the same program on every machine, and no C compiler needed.
    const env = { ...process.env, GOBIN: folder, CGO_ENABLED: '0' }
    const run = spawnSync('go', ['install', '-trimpath', PACKAGE], { env, encoding: 'utf8' })
    if (run.status !== 0) {
      return `go install failed: ${(run.stderr ?? '').trim().slice(-600) || errorMessage(run.error)}`
    }
    renameSync(join(folder, process.platform === 'win32' ? 'cometbft.exe' : 'cometbft'), target)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  const { path, version } = findCometbft()
  say(`CometBFT ${version} is at ${path}`)
  return undefined
}

if (isMain(import.meta.url)) {
  const fault = ensureCometbft()
  if (fault !== undefined) {
    say(`CometBFT is not there: ${fault}`)
    process.exitCode = 1
  }
}
