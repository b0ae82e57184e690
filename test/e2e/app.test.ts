/** The app as its owner meets it: dead children, a second instance, a taken port, a second tab, a reload, no orphans. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AxeBuilder } from '@axe-core/playwright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { linkOfRunningInstance } from '../../src/main/screen/running-instance.ts'
import type { AppProcess } from '../support/check/app-process.ts'
import { startApp } from '../support/check/app-process.ts'
import type { ScreenDriver } from '../support/check/screen-driver.ts'
import { openScreen } from '../support/check/screen-driver.ts'
import { waitFor } from '../support/wait-for.ts'

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const PROGRAM = join(ROOT, 'dist', 'node', 'tailrace.js')
const STATUS = z.object({ result: z.object({ sync_info: z.object({ latest_block_height: z.string() }) }) })
const BLOCK = z.object({ result: z.object({ block_id: z.object({ hash: z.string().length(64) }) }) })
/** Against a hang alone: how fast it is on a busy machine, no test says. */
const PATIENT_MS = 120_000
const lines: string[] = []
let home: string
let app: AppProcess
let screen: ScreenDriver
/** Hash of the chain's first block: it names the run of the network. */
let firstBlock: string

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'tailrace-e2e-'))
  app = await startApp({ program: PROGRAM, home, allowSoftwareAdapter: false, say: (line) => lines.push(line) })
  firstBlock = await firstBlockOf(app.started.rpc)
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

test('without a real GPU the host says that the GPU is not racing', async () => {
  await screen.join()
  await screen.page.getByText('The GPU is not racing').first().waitFor({ timeout: PATIENT_MS })
  await screen.page.getByTestId('leave').waitFor()
})

test('a reload keeps the session and the host stays joined', async () => {
  await screen.page.reload()
  await screen.page.getByTestId('leave').waitFor({ timeout: PATIENT_MS })
})

test('a second tab does not compute, says so, and may take over', async () => {
  const second = await screen.page.context().newPage()
  await second.goto(await freshLink())
  await second.getByText('Another tab computes.').waitFor({ timeout: PATIENT_MS })
  await second.getByRole('button', { name: 'Compute here' }).click()
  await screen.page.getByText('Another tab computes.').waitFor({ timeout: PATIENT_MS })
  await second.close()
  await screen.page.getByText('Another tab computes.').waitFor({ state: 'detached', timeout: PATIENT_MS })
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
  // Its line comes by a pipe: the new process may be seen first.
  await waitFor('the line', () => lines.join('\n').includes('companion-1 stopped'))
})

test('leave stops earning and the button offers Join again', async () => {
  await screen.page.getByTestId('leave').click()
  await screen.page.getByTestId('join').waitFor({ timeout: PATIENT_MS })
})

test('after Ctrl-C no process of the network is left', async () => {
  await screen.close()
  expect(await app.stop('SIGINT')).toBe(0)
  await waitFor('no process', () => processesOf(home).length === 0)
})

test('a taken port is said and another one is used; a restart goes on with the same chain', async () => {
  const blocker = createServer()
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve))
  const { port } = blocker.address() as AddressInfo
  lines.length = 0
  app = await startApp({
    program: PROGRAM,
    home,
    args: ['--screen-port', String(port)],
    say: (line) => lines.push(line),
  })
  blocker.close()
  expect(new URL(app.started.screen).port).not.toBe(String(port))
  expect(lines.join('\n')).toContain(`Port ${port} is taken`)
  expect(await heightOf(app.started.rpc)).toBeGreaterThan(5)
  expect(await firstBlockOf(app.started.rpc)).toBe(firstBlock)
})

test('after SIGKILL of the app no process of the network is left', async () => {
  process.kill(app.pid, 'SIGKILL')
  await waitFor('no process', () => processesOf(home).length === 0)
})

test('--reset begins the chain anew and keeps the keys of this computer', async () => {
  const keys = readFileSync(join(home, 'app', 'keys.json'), 'utf8')
  app = await startApp({ program: PROGRAM, home, args: ['--reset'], say: (line) => lines.push(line) })
  expect(await firstBlockOf(app.started.rpc)).not.toBe(firstBlock)
  expect(readFileSync(join(home, 'app', 'keys.json'), 'utf8')).toBe(keys)
})

async function firstBlockOf(rpc: string): Promise<string> {
  const response = await fetch(`${rpc}/block?height=1`)
  return BLOCK.parse(await response.json()).result.block_id.hash
}

async function heightOf(rpc: string): Promise<number> {
  const response = await fetch(`${rpc}/status`)
  const status = STATUS.parse(await response.json())
  return Number(status.result.sync_info.latest_block_height)
}

/** A further link to the running app, as a second start would get it. */
async function freshLink(): Promise<string> {
  const running = await linkOfRunningInstance(home)
  return running?.link ?? ''
}
