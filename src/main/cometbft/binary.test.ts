import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { errorCode, errorMessage } from '../../lib/coded-error.ts'
import { findCometbft } from './binary.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tailrace-binary-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** A program that says this when it is asked for its version. */
function programSaying(text: string, name = 'cometbft', exitCode = 0): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n[ "$1" = version ] && echo '${text}'\nexit ${exitCode}\n`, { mode: 0o755 })
  return path
}

function faultOf(env: NodeJS.ProcessEnv): string {
  try {
    const { path } = findCometbft(env)
    return `found ${path}`
  } catch (error) {
    return `${errorCode(error)}: ${errorMessage(error)}`
  }
}

test('the variable names the program, with or without a v and a commit behind its version', () => {
  for (const said of ['0.38.26', 'v0.38.17', '0.38.26+4c1d7b5']) {
    const path = programSaying(said)
    expect(findCometbft({ TAILRACE_COMETBFT: path })).toEqual({ path, version: said.replace(/^v|\+.*$/g, '') })
  }
})

test('another line, a broken program and a missing one are refused with what was found', () => {
  expect(faultOf({ TAILRACE_COMETBFT: programSaying('1.0.1') })).toMatch(/no_cometbft: .*1\.0\.1 and not 0\.38/)
  expect(faultOf({ TAILRACE_COMETBFT: programSaying('0.38.26', 'broken', 1) })).toMatch(/no_cometbft: .*does not run/)
  const missing = join(folder, 'nothing-here')
  expect(faultOf({ TAILRACE_COMETBFT: missing })).toMatch(/no_cometbft: .*nothing-here, which does not run/)
})

test('without the variable it is the installed one or one on PATH', () => {
  const onPath = programSaying('0.38.20')
  const { path } = findCometbft({ PATH: folder })
  // Where `npm run cometbft` has run, that one comes first.
  expect(path === onPath || path.includes(join('.cache', 'cometbft'))).toBe(true)
})
