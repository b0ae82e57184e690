/** The app as its owner meets it: dead children, a second instance, a taken port, a second tab, a reload, no orphans. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AxeBuilder } from '@axe-core/playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { linkOfRunningInstance } from '../../src/main/screen/running-instance.ts'
import type { AppProcess } from '../support/check/app-process.ts'
import { startApp } from '../support/check/app-process.ts'
import type { ScreenDriver } from '../support/check/screen-driver.ts'
import { openScreen } from '../support/check/screen-driver.ts'
import { waitFor } from '../support/wait-for.ts'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const PROGRAM = join(ROOT, 'dist', 'node', 'tailrace.js')
const lines: string[] = []
let home: string
let app: AppProcess
let screen: ScreenDriver

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'tailrace-e2e-'))
  app = await startApp({ program: PROGRAM, home, allowSoftwareAdapter: false, say: (line) => lines.push(line) })
  screen = await openScreen({ url: app.started.link, colorScheme: 'light' })
})

afterAll(async () => {
  await screen?.close()
  await app?.stop()
  rmSync(home, { recursive: true, force: true })
})

/** Processes whose command line names our home folder. */
function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .filter((pid) => commandLine(pid).includes(folder))
    .map(Number)
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    // The process ended while we looked.
    return ''
  }
}

test('the token leaves the address bar and the first screen is accessible', async () => {
  await screen.page.getByTestId('join').waitFor()
  expect(screen.page.url()).not.toContain('token')
  const { violations } = await new AxeBuilder({ page: screen.page }).analyze()
  expect(violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.target.join(' ')}`)).toEqual([])
})

test('without a real GPU the host says that it races on the CPU', async () => {
  await screen.join()
  await waitFor('the notice', async () => (await screen.page.textContent('body'))?.includes('CPU'), {
    deadlineMs: 60_000,
  })
  await screen.page.getByTestId('leave').waitFor()
})

test('a reload keeps the session and the host stays joined', async () => {
  await screen.page.reload()
  await screen.page.getByTestId('leave').waitFor({ timeout: 20_000 })
})

test('a second tab does not compute, says so, and may take over', async () => {
  const second = await screen.page.context().newPage()
  await second.goto(await freshLink())
  await second.getByText('Another tab computes.').waitFor({ timeout: 20_000 })
  await second.getByRole('button', { name: 'Compute here' }).click()
  await screen.page.getByText('Another tab computes.').waitFor({ timeout: 20_000 })
  await second.close()
  await screen.page.getByText('Another tab computes.').waitFor({ state: 'detached', timeout: 20_000 })
})

test('a second start on the same folder leads to the running instance', async () => {
  const said: string[] = []
  const second = await startApp({ program: PROGRAM, home, say: (line) => said.push(line) })
  expect(second.started.screen).toBe(app.started.screen)
  expect(second.started.link).not.toBe(app.started.link)
  await waitFor('the sentence', () => said.join(' ').includes('already runs'))
})

test('a dead companion is started again', async () => {
  const [pid] = processesOf(join(home, 'companion-1'))
  expect(pid).toBeTypeOf('number')
  process.kill(pid ?? 0, 'SIGKILL')
  await waitFor('the restart', () => {
    const [next] = processesOf(join(home, 'companion-1'))
    return next !== undefined && next !== pid
  })
  expect(lines.join('\n')).toContain('companion-1 stopped')
})

test('leave stops earning and the button offers Join again', async () => {
  await screen.page.getByTestId('leave').click()
  await screen.page.getByTestId('join').waitFor({ timeout: 60_000 })
})

test('after SIGTERM no process of the network is left; after SIGKILL neither', async () => {
  await screen.close()
  expect(await app.stop()).toBe(0)
  await waitFor('no process', () => processesOf(home).length === 0)
  const blocker = createServer()
  await new Promise<void>((resolve) => blocker.listen(7_345, '127.0.0.1', resolve))
  app = await startApp({ program: PROGRAM, home, say: (line) => lines.push(line) })
  await new Promise((resolve) => blocker.close(resolve))
  process.kill(app.pid, 'SIGKILL')
  await waitFor('no process', () => processesOf(home).length === 0, { deadlineMs: 30_000 })
})

/** A further link to the running app, as a second start would get it. */
async function freshLink(): Promise<string> {
  const running = await linkOfRunningInstance(home)
  return running?.link ?? ''
}
