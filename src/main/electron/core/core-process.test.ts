import { afterEach, describe, expect, it } from 'vitest'
import type { FakeBackend } from '../../../../test/support/screen/fake-backend.ts'
import { WORK } from '../../../../test/support/screen/scenes/work-scenes.ts'
import { createScreenHost } from '../../../../test/support/screen/screen-host.ts'
import { settle } from '../../../../test/support/screen/settle.ts'
import { VirtualClock } from '../../../../test/support/virtual-clock.ts'
import type { PortEnd } from '../../../ipc/port-transport.ts'
import { endOfPort, openPortSocket } from '../../../ipc/port-transport.ts'
import { createScreenClient } from '../../../ipc/screen-client.ts'
import { CodedError } from '../../../lib/coded-error.ts'
import { SILENT_LOGGER } from '../../../lib/runtime.ts'
import type { CoreSurroundings } from './core-process.ts'
import { onResumeOf, runCoreProcess, SAFE_STOP_MS } from './core-process.ts'
import type { CoreStart, FromCore, ToCore } from './core-wire.ts'
import { reachSafePoint } from './safe-point.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) {
    close()
  }
})

const OPTIONS: CoreStart = { home: '/h', logFolder: '/h/logs', rpcPort: 0, settingsFile: '/h/s.json', flags: {} }

function channel(): { readonly near: PortEnd; readonly far: PortEnd } {
  const { port1, port2 } = new MessageChannel()
  closers.push(() => port1.close())
  return { near: endOfPort(port1), far: endOfPort(port2) }
}

function run(failure?: CodedError) {
  const clock = new VirtualClock()
  const { backend, router } = createScreenHost()
  const posted: FromCore[] = []
  const exits: number[] = []
  const given: CoreSurroundings[] = []
  let stops = 0
  let receive: (message: unknown, ports: readonly PortEnd[]) => void = () => undefined
  runCoreProcess({
    link: {
      post: (message) => posted.push(message),
      onMessage: (listener) => {
        receive = listener
      },
    },
    clock,
    logger: SILENT_LOGGER,
    async startCore(surroundings) {
      given.push(surroundings)
      if (failure !== undefined) {
        throw failure
      }
      return {
        backend,
        router,
        stop: async () => {
          stops += 1
        },
      }
    },
    exit: (code) => exits.push(code),
  })
  const tell = (message: ToCore, ...ports: PortEnd[]): void => receive(message, ports)
  return {
    clock,
    backend,
    posted,
    exits,
    given,
    stops: () => stops,
    tell,
    receive: (message: unknown) => receive(message, []),
  }
}

async function started() {
  const core = run()
  core.tell({ type: 'start', options: OPTIONS }, channel().near)
  await settle()
  return core
}

const typesOf = (posted: readonly FromCore[]): string[] => posted.map(({ type }) => type)

describe('the core process', () => {
  it('starts once, says so, and tells what changes, four times a second at most', async () => {
    const { posted, tell, backend, clock, given } = await started()
    expect(typesOf(posted)).toEqual(['ready', 'view'])
    tell({ type: 'start', options: OPTIONS }, channel().near)
    backend.set({ joined: true })
    backend.set({ phase: 'racing' })
    await clock.advance(250)
    expect(posted.slice(2)).toMatchObject([{ type: 'view', view: { joined: true, phase: 'racing' } }])
    expect(given).toHaveLength(1)
  })

  it('says why it could not start, and ends', async () => {
    const { posted, exits, tell } = run(new CodedError('already_running', 'runs', { fields: { pid: 7 } }))
    tell({ type: 'start', options: OPTIONS }, channel().near)
    await settle()
    expect(posted).toEqual([
      { type: 'failed', error: { code: 'already_running', message: 'runs', fields: { pid: 7 } } },
    ])
    expect(exits).toEqual([1])
  })

  it('serves pages that came before it was ready as well as later ones', async () => {
    const core = run()
    const page = channel()
    core.tell({ type: 'page', kind: 'screen' }, page.near)
    core.tell({ type: 'start', options: OPTIONS }, channel().near)
    const socket = openPortSocket(Promise.resolve(page.far))
    await new Promise<void>((resolve) => socket.addEventListener('open', () => resolve()))
    expect(await createScreenClient(socket).host.join()).toEqual({ outcome: 'accepted' })
    socket.close()
  })

  it('does what the tray asks, and passes sleep and waking on', async () => {
    const { tell, backend, given } = await started()
    const heard: string[] = []
    const { power } = given[0] as CoreSurroundings
    power.onPower((event) => heard.push(event))
    const stopHearing = onResumeOf(power, () => heard.push('awake'))
    tell({ type: 'command', command: 'join' })
    tell({ type: 'command', command: 'finish' })
    tell({ type: 'power', event: 'suspend' })
    tell({ type: 'power', event: 'resume' })
    expect(backend.commands).toEqual(['join', 'finish'])
    expect(heard).toEqual(['suspend', 'resume', 'awake'])
    stopHearing()
    tell({ type: 'power', event: 'resume' })
    expect(heard.slice(3)).toEqual(['resume'])
  })

  it('has main fork its children, and hears how they are', async () => {
    const { tell, posted, given } = await started()
    const said: string[] = []
    const listener = {
      line: (text: string) => said.push(`line ${text}`),
      log: (text: string) => said.push(`log ${text}`),
      exit: (reason: string) => said.push(`exit ${reason}`),
    }
    const child = given[0]?.spawn({ name: 'node', command: 'x', args: ['node', '--home', '/h'] }, listener)
    expect(posted.at(-1)).toEqual({ type: 'fork', id: 1, name: 'node', args: ['node', '--home', '/h'] })
    tell({ type: 'child', id: 1, event: { kind: 'started', pid: 41 } })
    expect([child?.pid, child?.isRunning]).toEqual([41, true])
    tell({ type: 'child', id: 1, event: { kind: 'line', text: 'ready' } })
    child?.terminate()
    expect(posted.at(-1)).toEqual({ type: 'end_child', id: 1, force: false })
    tell({ type: 'child', id: 1, event: { kind: 'exit', reason: 'exit code 0' } })
    tell({ type: 'child', id: 1, event: { kind: 'line', text: 'late' } })
    expect([said, child?.pid, child?.isRunning]).toEqual([['line ready', 'exit exit code 0'], undefined, false])
    given[0]?.spawn({ name: 'sh', command: 'sh', args: ['-c', 'true'] }, listener)
    await settle()
    expect(said.at(-1)).toContain('no member')
  })

  it('ends at a safe point, or when it has waited long enough, or at once where main hurries', async () => {
    const idle = await started()
    idle.tell({ type: 'stop', safely: true })
    await settle()
    expect([typesOf(idle.posted).at(-1), idle.exits, idle.stops()]).toEqual(['stopped', [0], 1])
    for (const end of ['limit', 'hurry'] as const) {
      const busy = await started()
      busy.backend.set({ joined: true, work: { ...WORK, queue: 1 } })
      busy.tell({ type: 'stop', safely: true })
      await settle()
      expect(busy.exits).toEqual([])
      if (end === 'limit') {
        await busy.clock.advance(SAFE_STOP_MS)
      } else {
        busy.tell({ type: 'stop', safely: false })
      }
      await settle()
      expect([busy.exits, busy.stops()]).toEqual([[0], 1])
    }
  })

  it('ignores what is no message of main', async () => {
    const { receive, posted } = await started()
    const before = posted.length
    for (const message of [
      null,
      1,
      {},
      { type: 'start' },
      { type: 'child', id: -1 },
      { type: 'command', command: 'leave' },
    ]) {
      receive(message)
    }
    expect(posted).toHaveLength(before)
  })
})

describe('the safe point', () => {
  const busy = { ...WORK, queue: 1, forfeits: { unbatched: '5', openBatches: '0' } }

  function reach(backend: FakeBackend) {
    const hurry = new AbortController()
    let isThere = false
    const reached = reachSafePoint(backend, hurry.signal).then(() => {
      isThere = true
    })
    return { hurry, reached, isThere: () => isThere }
  }

  it('is here where nothing runs and nothing is unbatched', async () => {
    const { backend } = createScreenHost()
    backend.set({ joined: true, work: WORK })
    await reach(backend).reached
    expect(backend.commands).toEqual([])
  })

  it('is when the batch is on chain; its draws wait for the next start', async () => {
    const { backend } = createScreenHost()
    backend.set({ joined: true, work: busy })
    const way = reach(backend)
    await settle()
    expect([backend.commands, way.isThere()]).toEqual([['finish'], false])
    backend.set({ work: { ...busy, finishing: 'batching' } })
    await settle()
    expect(way.isThere()).toBe(false)
    backend.set({ work: { ...busy, finishing: 'draws' } })
    await way.reached
    expect(backend.commands).toEqual(['finish'])
  })

  it('keeps the membership where finishing went on to leave', async () => {
    const { backend } = createScreenHost()
    backend.set({ joined: true, work: busy })
    const way = reach(backend)
    await settle()
    backend.set({ joined: false, phase: 'leaving', work: WORK })
    await settle()
    expect([backend.commands, way.isThere()]).toEqual([['finish', 'join'], false])
    backend.set({ joined: true })
    await way.reached
  })

  it('lets go when somebody hurries, and where finishing fails', async () => {
    const { backend } = createScreenHost()
    backend.set({ joined: true, work: busy })
    const way = reach(backend)
    way.hurry.abort()
    await way.reached
    backend.nextError = new CodedError('chain_unreachable', 'no')
    await reach(backend).reached
    expect(backend.listeners).toBe(0)
  })
})
