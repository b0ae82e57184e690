/** The whole round at the command line: a real network is started, joined, looked at, changed, left and stopped by the built program. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AppProcess } from '../support/check/app-process.ts'
import { startApp } from '../support/check/app-process.ts'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const PROGRAM = join(ROOT, 'dist', 'node', 'tailrace.js')
let home: string
let app: AppProcess

interface Run {
  readonly code: number | null
  readonly out: string
  readonly said: string
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'tailrace-e2e-cli-'))
  app = await startApp({ program: PROGRAM, home, say: () => undefined })
})

afterAll(async () => {
  await app?.stop()
  rmSync(home, { recursive: true, force: true })
})

function tailrace(...args: readonly string[]): Promise<Run> {
  const child = spawn(process.execPath, [PROGRAM, ...args, '--home', home], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, FORCE_COLOR: undefined },
  })
  const parts = { out: '', said: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    parts.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    parts.said += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...parts }))
  })
}

/** One JSON document on one line, and no colour. */
function jsonOf({ code, out, said }: Run, expectedCode = 0): Record<string, unknown> {
  expect([code, said]).toEqual([expectedCode, said])
  expect(out.trimEnd().split('\n').length).toBe(1)
  return JSON.parse(out)
}

test('status and network tell of a host that has not joined', async () => {
  expect(jsonOf(await tailrace('status', '--json'))).toMatchObject({ state: 'idle', joined: false, troubles: [] })
  const { out } = await tailrace('status')
  expect(out).toContain('Join with `tailrace join`.')
  expect(out).not.toContain('\u001b')
  const { hosts } = jsonOf(await tailrace('network', 'hosts', '--json'))
  expect(hosts).toHaveLength(2)
})

test('settings are changed in the running application, and kept', async () => {
  expect((await tailrace('settings', 'set', 'duty', '40%')).out).toBe('duty is 40%.\n')
  const file = join(home, 'settings.json')
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ version: 1, dutyPpm: 400_000 })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const fixed = await tailrace('settings', 'set', 'screen-port', '8000', '--json')
  expect([fixed.code, JSON.parse(fixed.said).error.code]).toEqual([1, 'setting_fixed'])
})

test('join waits until this host has joined', async () => {
  const joined = await tailrace('join', '--json')
  expect(jsonOf(joined)).toMatchObject({ outcome: 'accepted' })
  expect(joined.said).toContain('… checking the device')
  expect(jsonOf(await tailrace('status', '--json'))).toMatchObject({ joined: true, backend: 'cpu' })
  expect((await tailrace('join')).out).toContain('Already joined.')
})

test('doctor finds no problem, and warns that no page lends a GPU', async () => {
  const { findings, problems } = jsonOf(await tailrace('doctor', '--json')) as {
    findings: { code: string; verdict: string }[]
    problems: number
  }
  expect(problems).toBe(0)
  const verdicts = Object.fromEntries(findings.map(({ code, verdict }) => [code, verdict]))
  expect(verdicts).toMatchObject({
    chain_reachable: 'ok',
    chain_moving: 'ok',
    clock: 'ok',
    folder_lock: 'ok',
    joined: 'ok',
    key_files: 'ok',
    model_files: 'ok',
    page_open: 'warning',
    registered: 'ok',
  })
})

test('logs show lines and write a report without the keys', async () => {
  expect((await tailrace('logs', '--lines', '5')).out).toContain('app')
  const file = join(home, 'report.txt')
  expect((await tailrace('logs', '--report', file)).code).toBe(0)
  const report = readFileSync(file, 'utf8')
  expect(report.length).toBeGreaterThan(200)
  expect(report).not.toContain(home)
})

test('leave asks, and with --yes leaves', async () => {
  const asked = await tailrace('leave')
  expect([asked.code, asked.said]).toEqual([2, expect.stringContaining('Leave now?')])
  expect(jsonOf(await tailrace('leave', '--yes', '--json'))).toMatchObject({ outcome: 'accepted' })
  expect(jsonOf(await tailrace('status', '--json'))).toMatchObject({ joined: false })
  expect(jsonOf(await tailrace('finish', '--yes', '--json'))).toEqual({ outcome: 'already' })
})

test('stop stops it and waits; then the verbs say how to start', async () => {
  expect(jsonOf(await tailrace('stop', '--json'))).toEqual({ stopped: true, pid: app.pid })
  expect(existsSync(join(home, 'endpoints.json'))).toBe(false)
  expect(existsSync(join(home, 'lock'))).toBe(false)
  const after = await tailrace('status')
  expect([after.code, after.said]).toEqual([1, expect.stringContaining('tailrace start')])
  expect((await tailrace('settings', 'get', 'duty')).out).toBe('40%\n')
})
