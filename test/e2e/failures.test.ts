/**
 * What the app does when something breaks, and how it says so: the shell in this process, the rest of the network as it ships, the real
 * screen in a real browser. One network for all scenes. After each: the trouble was on the screen while it lasted, and no longer, and
 * every host's ledger is what the chain holds; at the end no receipt is missing.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Control } from '../../src/cli/control-client.ts'
import { connectControl } from '../../src/cli/control-client.ts'
import type { ScreenSnapshot } from '../../src/ipc/snapshot.ts'
import type { Trouble, TroubleCode } from '../../src/ipc/wires/trouble-wire.ts'
import { SILENT_LOGGER } from '../../src/lib/runtime.ts'
import type { ClosableChainPort } from '../../src/main/chain-port.ts'
import { connectChainPort } from '../../src/main/chain-port.ts'
import { loadOrCreateHostKeys } from '../../src/main/host-keys.ts'
import { signerOfHostKeys } from '../../src/main/keys/local-signer.ts'
import { BUILT_IN_MODELS } from '../../src/main/models/model-library.ts'
import { SYSTEM_CLOCK, SYSTEM_RNG } from '../../src/main/system.ts'
import { startApp } from '../support/check/app-process.ts'
import type { ScreenDriver } from '../support/check/screen-driver.ts'
import { openScreen } from '../support/check/screen-driver.ts'
import { ledgerMatches } from '../support/check/watch-network.ts'
import type { FailingApp } from '../support/failures/failing-app.ts'
import { PROGRAM, SHIPPED_MODELS, startFailingApp } from '../support/failures/failing-app.ts'
import { giveGpuBack, makeWorkersFragile, refuseMemory, takeGpu } from '../support/failures/fragile-worker.ts'
import type { OldFolder } from '../support/failures/old-folder.ts'
import { writeOldFolder } from '../support/failures/old-folder.ts'
import { membersOf, processesOf } from '../support/failures/processes.ts'
import type { SteadyOrders } from '../support/failures/steady-orders.ts'
import { orderSteadily } from '../support/failures/steady-orders.ts'
import { readExecutorBook, readGatewayBook } from '../support/gateway/work-audit.ts'
import { waitFor } from '../support/wait-for.ts'

const NEVER = new AbortController().signal
const MODEL = BUILT_IN_MODELS[0] ?? ''
const HOUR_MS = 3_600_000
/** Against a hang alone: how fast it is on a busy machine, no test says. */
const PATIENT_MS = 120_000
let folder: string
let home: string
let old: OldFolder
let app: FailingApp
let screen: ScreenDriver
let control: Control
let chain: ClosableChainPort
let orders: SteadyOrders
let isRunning = false
/** The newest snapshot that the host gave; the screen draws the same one. */
let latest: ScreenSnapshot

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tailrace-failures-'))
  home = join(folder, 'home')
  cpSync(SHIPPED_MODELS, join(folder, 'models'), { recursive: true })
  old = await writeOldFolder(home)
  await start()
})

afterAll(async () => {
  await stop()
  rmSync(folder, { recursive: true, force: true })
})

async function start(): Promise<void> {
  app = await startFailingApp(home, join(folder, 'models'))
  chain = await connectChainPort(
    { clock: SYSTEM_CLOCK, logger: SILENT_LOGGER },
    { rpcUrl: app.rpcUrl, signer: signerOfHostKeys(loadOrCreateHostKeys(join(home, 'observer'), SYSTEM_RNG)) },
    NEVER,
  )
  control = await connectControl(home)
  await firstSnapshot(control)
  screen = await openScreen({ url: app.shell.link(), colorScheme: 'dark' })
  await makeWorkersFragile(screen.page)
  // The workers of the first page are older than the hooks; a page that has no session yet would not find its way back.
  await until('the lease', ({ lease }) => lease.state === 'held')
  await screen.page.reload()
  const { openai, apiKey } = app.shell.endpoints
  orders = orderSteadily({ openai, apiKey, model: MODEL })
  isRunning = true
}

/** Follows until the connection is closed; resolves with the first snapshot. */
function firstSnapshot({ watch }: Control): Promise<void> {
  return new Promise((resolve, reject) => {
    const follow = async (): Promise<void> => {
      for await (const snapshot of watch(NEVER)) {
        latest = snapshot
        resolve()
      }
    }
    // Later, the application is stopped under it.
    follow().catch(reject)
  })
}

async function stop(): Promise<void> {
  isRunning = false
  await orders?.stop()
  await screen?.close()
  control?.close()
  await chain?.close()
  await app?.stop()
}

afterEach(async () => {
  if (!isRunning) {
    return
  }
  for (const { owner, moniker } of await chain.hosts(NEVER)) {
    // Read within one block, which a busy machine does not always manage: a ledger that is wrong stays wrong.
    await waitFor(`the ledger of ${moniker}`, () => ledgerMatches(chain, owner, NEVER), { deadlineMs: PATIENT_MS })
  }
  expect(orders.unclear).toEqual([])
})

/** The banner of a trouble, as a person sees it. */
function banner(code: TroubleCode) {
  return screen.page.locator(`[data-testid="banner"][data-code="${code}"]`)
}

async function shows(code: TroubleCode, deadlineMs = PATIENT_MS): Promise<string> {
  await banner(code).waitFor({ state: 'visible', timeout: deadlineMs })
  return (await banner(code).textContent()) ?? ''
}

async function ends(code: TroubleCode, deadlineMs = PATIENT_MS): Promise<void> {
  await banner(code).waitFor({ state: 'detached', timeout: deadlineMs })
  // The page and this process hear of a snapshot each by its own connection.
  await until(`the end of ${code}`, (snapshot) => troubleIn(snapshot, code) === undefined)
}

/** Of a trouble that the screen shows, from the snapshot that said so. */
function fieldsOf(code: TroubleCode): Promise<Trouble['fields']> {
  return waitFor(`the fields of ${code}`, () => troubleIn(latest, code)?.fields)
}

function troubleIn({ troubles }: ScreenSnapshot, wanted: TroubleCode): Trouble | undefined {
  return troubles.find(({ code }) => code === wanted)
}

async function until(
  what: string,
  probe: (snapshot: ScreenSnapshot) => boolean,
  deadlineMs = PATIENT_MS,
): Promise<void> {
  try {
    await waitFor(what, () => probe(latest), { deadlineMs, everyMs: 100 })
  } catch (error) {
    const { phase, race, backend, epoch, lease, troubles, notices } = latest
    const codes = notices.slice(0, 8).map(({ code, fields }) => ({ code, ...fields }))
    const state = JSON.stringify({ phase, race, backend, epoch, lease, troubles, codes })
    throw new Error(`not seen: ${what}; the host was ${state}`, { cause: error })
  }
}

async function chainHeight(): Promise<number> {
  return Number((await chain.epoch(NEVER)).height)
}

describe('a data folder of version 0.1.0', () => {
  test('is taken over: the same owner, joined as before, on its ports', async () => {
    await until('the host to take part', ({ joined, standing }) => joined && standing?.active === true)
    expect(latest.ownerAddress).toBe(old.owner)
    expect(app.rpcUrl).toBe(`http://127.0.0.1:${old.rpcPort}`)
    await screen.page.getByTestId('leave').waitFor()
  })
})

describe('a second instance', () => {
  test('leads to the one that runs and touches nothing', async () => {
    const said: string[] = []
    const second = await startApp({ program: PROGRAM, home, say: (line) => said.push(line) })
    expect(second.started.screen).toBe(app.shell.endpoints.screen)
    expect(latest.joined).toBe(true)
    await second.stop()
  })
})

describe('the chain', () => {
  test('out of reach is said; back far ahead, the host is there at once, and races the new race alone', async () => {
    app.line.set('silent')
    const before = latest.chain.height
    expect(await shows('chain_unreachable')).toContain('The chain does not answer')
    expect(latest.chain.connection).toBe('disconnected')
    // A chain that is away takes no gateway down.
    expect(latest.troubles.map(({ code }) => code)).not.toContain('gateway_gone')
    await waitFor('the chain to go on', async () => (await chainHeight()) >= before + 25, { deadlineMs: PATIENT_MS })
    app.line.set('open')
    await ends('chain_unreachable')
    const height = await chainHeight()
    await until('the newest height', (snapshot) => snapshot.chain.height >= height, 15_000)
    expect(latest.race === null || latest.race.epoch <= (latest.epoch?.epoch ?? 0)).toBe(true)
  })

  test('a node that dies is no trouble for long: it is started again and the host goes on', async () => {
    const [pid] = processesOf(join(home, 'node'))
    process.kill(pid ?? 0, 'SIGKILL')
    await waitFor('the restart', () => {
      const [next] = processesOf(join(home, 'node'))
      return next !== undefined && next !== pid
    })
    const height = latest.chain.height
    await until('new blocks', (snapshot) => snapshot.chain.height > height + 2)
    await ends('chain_unreachable')
  })
})

describe('the gateway', () => {
  test('that hangs is said, and it ends when it answers again', async () => {
    const [pid = 0] = processesOf(join(home, 'gateway'))
    process.kill(pid, 'SIGSTOP')
    try {
      expect(await shows('gateway_gone')).toContain('The gateway does not answer')
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await ends('gateway_gone')
  })
})

describe('other hosts', () => {
  test('of which none is connected: said, and over when they are back', async () => {
    app.levers.isLonely = true
    expect(await shows('no_peers')).toContain('Not connected to any other host')
    app.levers.isLonely = false
    await ends('no_peers')
  })
})

describe('the clock', () => {
  test('an hour off is said; heartbeats are heard and believed all the same', async () => {
    app.levers.clockSkewMs = HOUR_MS
    try {
      await shows('clock_off')
      const fields = await fieldsOf('clock_off')
      expect(Math.abs(Number(fields.seconds) - HOUR_MS / 1_000)).toBeLessThan(10)
      // Heard within the last minute of this computer's clock, which was set an hour ahead a moment ago.
      await until('the others to be heard', ({ hosts }) => hosts.every(({ online }) => online))
      const height = latest.chain.height
      await until('the host to go on', (snapshot) => snapshot.chain.height > height + 3)
      expect(latest.troubles.map(({ code }) => code)).not.toContain('resumed')
      expect(latest.lease.state).toBe('held')
    } finally {
      app.levers.clockSkewMs = 0
    }
    await ends('clock_off')
  })
})

describe('a sleep', () => {
  test('of an hour is said when it is over, and ends with the next block', async () => {
    app.levers.sleptMs = HOUR_MS
    expect(await shows('resumed')).not.toBe('')
    expect(await fieldsOf('resumed')).toMatchObject({
      seconds: expect.closeTo(HOUR_MS / 1_000, -1),
    })
    await ends('resumed')
    expect(latest.joined).toBe(true)
  })
})

describe('the disk', () => {
  test('full: racing and serving pause, the person is told; with room again both go on', async () => {
    app.levers.isDiskFull = true
    try {
      expect(await shows('disk_full')).not.toBe('')
      const taken = new Set(latest.work?.jobs.map(({ orderHash }) => orderHash))
      const { epoch } = latest.epoch ?? { epoch: 0 }
      const attempts = () => (latest.race?.epoch === epoch ? latest.race.attempts : 0)
      const height = latest.chain.height
      await until('a block', (snapshot) => snapshot.chain.height > height + 1)
      const before = attempts()
      await until('blocks', (snapshot) => snapshot.chain.height > height + 4)
      expect(attempts()).toBe(before)
      expect(latest.work?.jobs.filter(({ orderHash }) => !taken.has(orderHash))).toEqual([])
    } finally {
      app.levers.isDiskFull = false
    }
    await ends('disk_full')
    await until('no order is left running', ({ work }) => work?.jobs.every(({ state }) => state !== 'running') === true)
    await until('the next race', ({ phase }) => phase === 'racing')
    await until('attempts', ({ race }) => (race?.attempts ?? 0) > 0)
  })
})

describe('the device', () => {
  test('lost in a race: the race goes on on the processor and says so, until the GPU is back', async () => {
    await until('a race on the GPU', ({ phase, race }) => phase === 'racing' && race?.backend === 'webgpu')
    await waitFor('a GPU to take', () => takeGpu(screen.page), { deadlineMs: PATIENT_MS })
    await shows('device_lost')
    await giveGpuBack(screen.page)
    await ends('device_lost')
  })

  test('without memory for the model says which one; with memory it serves again', async () => {
    const allow = await refuseMemory(screen.page)
    await screen.page.reload()
    try {
      await shows('out_of_memory')
      expect(await fieldsOf('out_of_memory')).toEqual({ model: MODEL })
    } finally {
      await allow()
    }
    await screen.page.reload()
    await ends('out_of_memory')
  })
})

describe('the page', () => {
  test('closed in a race: this process goes on, the chain has every find, and the next page takes over', async () => {
    await until('a race', ({ phase }) => phase === 'racing')
    const context = screen.page.context()
    await screen.page.close()
    await until('the trouble', ({ troubles }) => troubles.some(({ code }) => code === 'page_closed'))
    expect(latest.lease.state).toBe('free')
    expect(latest.joined).toBe(true)
    const page = await context.newPage()
    await makeWorkersFragile(page)
    await page.goto(app.shell.link())
    screen = { ...screen, page }
    await until('the lease', ({ lease }) => lease.state === 'held')
    await ends('page_closed')
  })

  test('closed while it serves: every order ends, with an answer or with a code', async () => {
    await until('an order here', ({ work }) => work?.jobs.some(({ state }) => state === 'running') === true)
    const context = screen.page.context()
    await screen.page.close()
    await until('no order is left running', ({ work }) => work?.jobs.every(({ state }) => state !== 'running') === true)
    const page = await context.newPage()
    await makeWorkersFragile(page)
    await page.goto(app.shell.link())
    screen = { ...screen, page }
    await until('the lease', ({ lease }) => lease.state === 'held')
  })
})

describe('a model file', () => {
  test('damaged with its copy: refused and said; repaired as soon as there is a right copy', async () => {
    await stop()
    const manifest = JSON.parse(readFileSync(join(SHIPPED_MODELS, MODEL, 'manifest.json'), 'utf8')) as {
      readonly files: readonly { readonly path: string; readonly chunks: readonly string[] }[]
    }
    const graph = manifest.files.find(({ path }) => path.endsWith('.onnx'))
    const [hash = ''] = graph?.chunks ?? []
    const path = graph?.path ?? ''
    const file = join(folder, 'models', MODEL, path)
    const copy = join(home, 'models', hash.slice(0, 2), hash)
    const right = readFileSync(copy)
    for (const place of [file, copy]) {
      const bytes = readFileSync(place)
      bytes[1_000] = (bytes[1_000] ?? 0) ^ 1
      writeFileSync(place, bytes)
    }
    await start()
    await shows('model_damaged')
    expect(await fieldsOf('model_damaged')).toMatchObject({ model: MODEL })
    writeFileSync(copy, right)
    await ends('model_damaged')
    expect(Buffer.compare(readFileSync(file), readFileSync(join(SHIPPED_MODELS, MODEL, path)))).toBe(0)
    await until(
      'the model to be served',
      ({ work }) => work?.services.some(({ state }) => state !== 'unavailable') === true,
    )
  })
})

describe('in the end', () => {
  test('no receipt is lost: every answer that came whole stands in a batch, or waits in its executor’s book', async () => {
    await stop()
    const books = ['app', 'companion-1', 'companion-2'].map((name) => readExecutorBook(join(home, name)))
    const batched = books.flatMap((book) => book.batched)
    const waiting = books.flatMap((book) => book.receipts.map(({ orderHash }) => orderHash))
    const { done } = readGatewayBook(join(home, 'gateway'))
    expect(done.length).toBeGreaterThan(0)
    expect(done.filter(({ orderHash }) => !batched.includes(orderHash) && !waiting.includes(orderHash))).toEqual([])
    expect(new Set(batched).size, 'no receipt is batched twice').toBe(batched.length)
    expect(membersOf(home)).toEqual([])
  })
})
