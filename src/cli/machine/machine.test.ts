import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CliWorld } from '../../../test/support/cli/cli-world.ts'
import { createCliWorld } from '../../../test/support/cli/cli-world.ts'
import { waitFor } from '../../../test/support/wait-for.ts'
import { FINDING_CODES } from '../../ipc/finding-codes.ts'
import type { LogLine } from '../../ipc/wires/machine-wire.ts'
import { findingWords } from '../words/findings.ts'
import { behindLast } from './logs.ts'

let folder: string
let world: CliWorld

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tailrace-cli-'))
  world = await createCliWorld()
  world.env.TAILRACE_HOME = folder
})

afterEach(async () => {
  await world.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('settings', () => {
  test('of a running application are changed by it', async () => {
    const { out, reached } = await world.run('settings', 'set', 'duty', '50%')
    expect([out, reached]).toEqual(['duty is 50%.', ['settings.change']])
    expect(world.backend.snapshot().settings.values.dutyPpm).toBe(500_000)
  })

  test('without one are changed in their file, and reset there', async () => {
    world.isRunning = false
    expect((await world.run('settings', 'set', 'duty', '12.5')).out).toBe('duty is 12.5%.')
    const file = join(folder, 'settings.json')
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ version: 1, dutyPpm: 125_000 })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(JSON.parse((await world.run('settings', 'get', 'duty', '--json')).out)).toEqual({
      name: 'duty',
      value: 125_000,
      source: 'file',
    })
    expect((await world.run('settings', 'reset')).out).toBe('duty is 100%.')
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ version: 1 })
  })

  test('that the environment fixes are not changed, and say where', async () => {
    world.isRunning = false
    world.env.TAILRACE_DUTY = '20%'
    const { code, said } = await world.run('settings', 'set', 'duty', '30%')
    expect([code, said]).toEqual([1, expect.stringContaining('duty is fixed by TAILRACE_DUTY')])
    world.env.TAILRACE_DUTY = 'all'
    const wrong = await world.run('settings', 'get')
    expect([wrong.code, wrong.said]).toEqual([2, expect.stringContaining('TAILRACE_DUTY: “all” is not allowed')])
  })

  test('in a damaged file are an error with its name, and the file stays', async () => {
    world.isRunning = false
    writeFileSync(join(folder, 'settings.json'), '{"version":1,"dutyPpm":"much"}')
    const { code, said } = await world.run('settings', 'set', 'notify-fault', 'off')
    expect([code, said]).toEqual([1, expect.stringMatching(/settings\.json: “dutyPpm” is damaged.*10000 to 1000000/)])
    expect(readFileSync(join(folder, 'settings.json'), 'utf8')).toContain('much')
  })
})

describe('doctor', () => {
  test('of a running application asks it; a problem is exit code 1 and says what to do', async () => {
    Object.assign(world.backend.machine, {
      doctor: async () => [
        { code: 'peers', verdict: 'problem', fields: { count: 0 } },
        { code: 'joined', verdict: 'ok', fields: {} },
      ],
    })
    const { code, out, reached } = await world.run('doctor')
    expect([code, reached]).toEqual([1, ['machine.doctor']])
    expect(out).toContain('FAIL  Other hosts: 0 connected\n      → Without peers no work comes.')
    expect(out).toContain('ok    Membership: joined')
    expect(out).toContain('1 problem, 0 warnings.')
  })

  test('without one looks at this computer and says how to start', async () => {
    world.isRunning = false
    mkdirSync(join(folder, 'local-network', 'app'), { recursive: true })
    writeFileSync(join(folder, 'local-network', 'app', 'keys.json'), '{', { mode: 0o600 })
    const { code, out } = await world.run('doctor', '--json')
    const { findings, problems } = JSON.parse(out) as {
      findings: { code: string; verdict: string; advice: string }[]
      problems: number
    }
    const verdictOf = (name: string): string | undefined => findings.find((one) => one.code === name)?.verdict
    expect([code, problems > 0]).toEqual([1, true])
    expect(verdictOf('key_files')).toBe('problem')
    expect(verdictOf('node_version')).toBe('ok')
    expect(findings.find((one) => one.code === 'running')?.advice).toContain('tailrace start')
  })

  test('each finding has words, and advice where something is to do', () => {
    for (const code of FINDING_CODES) {
      for (const verdict of ['ok', 'warning', 'problem', 'skipped'] as const) {
        const { title, text, advice } = findingWords({
          code,
          verdict,
          fields: { reason: 'damaged', trouble: 'no_peers' },
        })
        expect(title, code).not.toBe('')
        expect(`${title}${text}${advice}`, code).not.toMatch(/undefined|NaN|\[object/)
        expect(advice === '', `${code} ${verdict}`).toBe(
          verdict === 'ok' || verdict === 'skipped' || code === 'trouble',
        )
      }
    }
  })
})

describe('logs', () => {
  const line = (message: string, level: LogLine['level'] = 'info'): LogLine => ({
    at: '2026-01-01T00:00:00.000Z',
    level,
    scope: 'app',
    message,
    fields: { count: 3 },
  })

  test('--follow goes on with what is new, once', async () => {
    let lines = [line('one'), line('two')]
    Object.assign(world.backend.logs, { tail: async () => ({ lines, isCut: false }) })
    const shown: string[] = []
    world.onOut = (text) => shown.push(text)
    const following = world.run('logs', '--follow')
    await waitFor('the first lines', () => shown.length === 2)
    lines = [line('two'), line('three'), line('three')]
    await waitFor('the new ones', () => shown.length === 4)
    world.interrupt()
    expect((await following).code).toBe(0)
    expect(shown.map((text) => text.split(': ')[1])).toEqual(
      ['one', 'two', 'three', 'three'].map((word) => `${word} count=3`),
    )
  })

  test('what is new is what comes behind the longest known end', () => {
    expect(behindLast([], ['a', 'b'])).toBe(0)
    expect(behindLast(['a', 'b'], ['a', 'b'])).toBe(2)
    expect(behindLast(['a', 'b'], ['b', 'c'])).toBe(1)
    expect(behindLast(['x', 'a'], ['x', 'a', 'a'])).toBe(2)
    expect(behindLast(['old'], ['c', 'd'])).toBe(0)
  })

  test('a message cannot move the cursor', async () => {
    Object.assign(world.backend.logs, { tail: async () => ({ lines: [line('a\u001b[2Jb')], isCut: false }) })
    expect((await world.run('logs')).out).toContain('a�[2Jb')
  })
})
