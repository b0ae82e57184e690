/** Each source alone: what it says of which state of the part that it reads. */
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../lib/coded-error.ts'
import type { ComputePort, DeviceReport, RaceListener, RaceProgress } from '../../protocol/compute.ts'
import type { InferencePort, InferenceReport } from '../../protocol/inference.ts'
import type { ChildStatus } from '../network/supervisor.ts'
import type { ChainState } from './chain-troubles.ts'
import { chainTroubles } from './chain-troubles.ts'
import { clockTroubles, createClockWatch } from './clock-troubles.ts'
import { deviceTroubles } from './device-troubles.ts'
import { DeviceWatch } from './device-watch.ts'
import { networkTroubles } from './network-troubles.ts'
import { sleepTroubles } from './sleep-watch.ts'
import type { TroubleFields, TroubleSource } from './trouble-source.ts'
import { walletTroubles } from './wallet-troubles.ts'

const WALL_MS = 1_700_000_000_000
const forever = new AbortController().signal

/** What the source of this code says now. */
function read(sources: readonly TroubleSource[], code: string, second = 0): TroubleFields | undefined {
  const at = { nowMs: WALL_MS + 1_000 * second, steadyMs: 1_000 * second }
  return sources.find((source) => source.code === code)?.read(at)
}

describe('the chain', () => {
  const CONNECTED: ChainState = {
    connection: 'connected',
    announcedHeight: 9,
    readHeight: 9,
    lastBlockAtMs: WALL_MS,
    blockTimeMs: 1_000,
  }

  it('out of reach says since when, and where it was looked for', () => {
    let state = CONNECTED
    const sources = chainTroubles({ state: () => state, rpcUrl: 'http://127.0.0.1:1' })
    expect(read(sources, 'chain_unreachable')).toBeUndefined()
    state = { ...CONNECTED, connection: 'disconnected' }
    expect(read(sources, 'chain_unreachable')).toEqual({ sinceMs: WALL_MS, url: 'http://127.0.0.1:1' })
  })

  it('is behind where more blocks are announced than were read', () => {
    let state = { ...CONNECTED, announcedHeight: 12 }
    const sources = chainTroubles({ state: () => state, rpcUrl: '' })
    expect(read(sources, 'chain_catching_up')).toBeUndefined()
    state = { ...CONNECTED, announcedHeight: 1_009 }
    expect(read(sources, 'chain_catching_up')).toEqual({ behindBlocks: 1_000 })
  })

  it('halts when no block comes for far longer than one takes; out of reach is not halted', () => {
    let state = CONNECTED
    const sources = chainTroubles({ state: () => state, rpcUrl: '' })
    for (let second = 0; second < 30; second++) {
      expect(read(sources, 'chain_halted', second)).toBeUndefined()
    }
    expect(read(sources, 'chain_halted', 40)).toEqual({ seconds: 40 })
    state = { ...CONNECTED, connection: 'disconnected' }
    expect(read(sources, 'chain_halted', 50)).toBeUndefined()
    state = { ...CONNECTED, blockTimeMs: 60_000 }
    expect(read(sources, 'chain_halted', 60)).toBeUndefined()
    expect(read(sources, 'chain_halted', 400)).toBeUndefined()
    expect(read(sources, 'chain_halted', 700)).toEqual({ seconds: 650 })
  })
})

describe('the local network', () => {
  it('names the member that keeps stopping, and forgives with time', () => {
    const member = (name: string, restarts: number): ChildStatus => ({ name, pid: 1, restarts, running: true })
    let members = [member('node', 7), member('gateway', 0)]
    const sources = networkTroubles({ members: () => members, isGatewayAnswering: () => true, connectedPeers: () => 1 })
    // What stopped before this look is not known to be of late.
    expect(read(sources, 'member_failing', 0)).toBeUndefined()
    members = [member('node', 7), member('gateway', 2)]
    expect(read(sources, 'member_failing', 10)).toBeUndefined()
    members = [member('node', 7), member('gateway', 3)]
    expect(read(sources, 'member_failing', 20)).toEqual({ name: 'gateway', restarts: 3 })
    expect(read(sources, 'member_failing', 400)).toBeUndefined()
  })

  it('knows a gateway that does not answer, and loneliness', () => {
    const state = { isGatewayAnswering: true, peers: 1 }
    const sources = networkTroubles({
      members: () => [{ name: 'gateway', pid: 1, restarts: 4, running: true }],
      isGatewayAnswering: () => state.isGatewayAnswering,
      connectedPeers: () => state.peers,
    })
    expect([read(sources, 'gateway_gone'), read(sources, 'no_peers')]).toEqual([undefined, undefined])
    state.isGatewayAnswering = false
    state.peers = 0
    expect([read(sources, 'gateway_gone'), read(sources, 'no_peers')]).toEqual([{ restarts: 4 }, {}])
  })
})

describe('the clock', () => {
  /** Seconds that are said after each block, where `offsets` are the differences to the chain in seconds. */
  function said(offsets: readonly number[]): unknown[] {
    const watch = createClockWatch()
    const sources = clockTroubles(watch)
    return offsets.map((offset, height) => {
      watch.heard({ height: height + 1, timeMs: WALL_MS + 1_000 * height }, WALL_MS + 1_000 * (height + offset))
      return read(sources, 'clock_off')?.seconds
    })
  }

  it('is off when several blocks agree, in either direction, and right again when several do', () => {
    expect(said([3_600, 3_600, 3_600, 3_600, 1, 0, 1, 0])).toEqual([
      ...[undefined, undefined, undefined, 3_600],
      ...[3_600, 3_600, 3_600, undefined],
    ])
    expect(said([-60, -61, -62, -61]).at(-1)).toBe(-61)
  })

  it('is not judged by one old block, by small differences, nor by blocks that disagree', () => {
    expect(said([86_400, 0, 1, 0, 0])).toEqual([undefined, undefined, undefined, undefined, undefined])
    expect(said([29, 29, 29, 29, 29]).at(-1)).toBeUndefined()
    expect(said([60, -60, 60, -60]).at(-1)).toBeUndefined()
  })

  it('is judged once by each block', () => {
    const watch = createClockWatch()
    for (let i = 0; i < 9; i++) {
      watch.heard({ height: 5, timeMs: WALL_MS }, WALL_MS + 3_600_000)
    }
    expect(watch.offsetMs()).toBe(0)
  })
})

describe('a sleep', () => {
  function scene() {
    const state = { uptimeMs: 0, height: 10 }
    const resumed: number[] = []
    const sources = sleepTroubles({
      uptimeMs: () => state.uptimeMs,
      announcedHeight: () => state.height,
      onResume: (seconds) => resumed.push(seconds),
    })
    return { state, resumed, sources }
  }

  it('is a gap between two looks; it is over with the next block', () => {
    const { state, resumed, sources } = scene()
    expect(read(sources, 'resumed', 0)).toBeUndefined()
    state.uptimeMs += 3_600_000
    // The steady clock stood still meanwhile.
    expect(read(sources, 'resumed', 1)).toEqual({ seconds: 3_600 })
    state.uptimeMs += 1_000
    expect(read(sources, 'resumed', 2)).toEqual({ seconds: 3_600 })
    state.height += 500
    expect(read(sources, 'resumed', 3)).toBeUndefined()
    expect(resumed).toEqual([3_600])
  })

  it('a stopped process is one, a busy machine and a clock that is set are none', () => {
    const { state, resumed, sources } = scene()
    read(sources, 'resumed', 0)
    state.uptimeMs += 15_000
    expect(read(sources, 'resumed', 15)).toBeUndefined()
    // An hour by the wall clock alone.
    const at = { nowMs: WALL_MS + 3_600_000, steadyMs: 16_000 }
    expect(sources[0]?.read(at)).toBeUndefined()
    expect(read(sources, 'resumed', 60)).toEqual({ seconds: 44 })
    expect(resumed).toEqual([44])
  })
})

describe('the device', () => {
  const REPORT: DeviceReport = {
    backends: [
      {
        kind: 'webgpu',
        adapter: 'test',
        isSoftware: false,
        conformant: true,
        conformanceDigest: new Uint8Array(32),
        attemptsPerSecond: 1,
      },
    ],
  }
  const progress = (backend: RaceProgress['backend']): RaceProgress => ({
    attempts: 1,
    finds: 0,
    attemptsPerSecond: 1,
    faultyFinds: 0,
    backend,
  })

  /** A device that does in a race what the test says. */
  function scene() {
    const watch = new DeviceWatch()
    const sources = deviceTroubles({ faults: () => watch.faults(), isJoined: () => true, isPageHere: () => true })
    let race: (listener: RaceListener) => void = () => undefined
    const device: ComputePort = {
      probe: async () => REPORT,
      race: async (_job, listener) => {
        race(listener)
        return progress('webgpu')
      },
      check: async () => [],
      findOne: async () => 0n,
    }
    const port = watch.compute('tab', device)
    const listener: RaceListener = { onFinds: () => undefined, onProgress: () => undefined, onNotice: () => undefined }
    const run = (script: (listener: RaceListener) => void) => {
      race = script
      const job = {} as Parameters<ComputePort['race']>[0]
      return port.race(job, listener, forever).catch(() => undefined)
    }
    return { watch, port, run, lost: () => read(sources, 'device_lost') }
  }

  it('is lost until it computes again; meanwhile what computes instead is said', async () => {
    const { run, lost } = scene()
    await run((listener) => listener.onNotice('device_lost'))
    expect(lost()).toEqual({ backend: 'none' })
    await run((listener) => listener.onProgress(progress('cpu')))
    expect(lost()).toEqual({ backend: 'cpu' })
    await run((listener) => listener.onProgress(progress('webgpu')))
    expect(lost()).toBeUndefined()
  })

  it('is lost where a race ends by it, until a probe finds it whole or the tab is gone', async () => {
    const { watch, port, run, lost } = scene()
    const lose = () => {
      throw new CodedError('device_lost', 'unplugged')
    }
    await run(lose)
    expect(lost()).toEqual({ backend: 'none' })
    await port.probe(forever)
    expect(lost()).toBeUndefined()
    await run(lose)
    watch.forgetTab()
    expect(lost()).toBeUndefined()
  })

  it('is lost where a probe does not find the GPU any more that an earlier one found', async () => {
    const watch = new DeviceWatch()
    const sources = deviceTroubles({ faults: () => watch.faults(), isJoined: () => true, isPageHere: () => true })
    let report: DeviceReport = { backends: [] }
    const port = watch.compute('tab', { probe: async () => report } as unknown as ComputePort)
    await port.probe(forever)
    expect(read(sources, 'device_lost')).toBeUndefined()
    report = REPORT
    await port.probe(forever)
    report = { backends: REPORT.backends.map((backend) => ({ ...backend, kind: 'cpu' })) }
    await port.probe(forever)
    expect(read(sources, 'device_lost')).toEqual({ backend: 'cpu' })
    report = REPORT
    await port.probe(forever)
    expect(read(sources, 'device_lost')).toBeUndefined()
  })

  it('says which model does not fit or is damaged, until it loads', async () => {
    const watch = new DeviceWatch()
    const sources = deviceTroubles({ faults: () => watch.faults(), isJoined: () => true, isPageHere: () => true })
    let failure: CodedError | undefined
    const port = watch.inference('here', {
      load: async () => {
        if (failure !== undefined) {
          throw failure
        }
        return {} as InferenceReport
      },
    } as unknown as InferencePort)
    const load = () => port.load('whale', forever).catch(() => undefined)
    const damaged: string[] = []
    watch.onDamaged((model) => damaged.push(model))
    failure = new CodedError('out_of_memory', 'no')
    await load()
    expect(read(sources, 'out_of_memory')).toEqual({ model: 'whale' })
    failure = new CodedError('damaged_model', 'no', { fields: { file: 'onnx/model.onnx' } })
    await load()
    expect(read(sources, 'model_damaged')).toEqual({ model: 'whale', file: 'onnx/model.onnx' })
    expect(damaged).toEqual(['whale'])
    failure = undefined
    await load()
    expect([read(sources, 'out_of_memory'), read(sources, 'model_damaged')]).toEqual([undefined, undefined])
  })

  it('without its page is a trouble only for who takes part', () => {
    const state = { isJoined: false, isPageHere: false }
    const faults = () => ({ lost: undefined, memory: undefined, damaged: undefined })
    const sources = deviceTroubles({ faults, isJoined: () => state.isJoined, isPageHere: () => state.isPageHere })
    expect(read(sources, 'page_closed')).toBeUndefined()
    state.isJoined = true
    expect(read(sources, 'page_closed')).toEqual({ backend: 'cpu' })
    state.isPageHere = true
    expect(read(sources, 'page_closed')).toBeUndefined()
  })
})

describe('the wallet', () => {
  type View = ReturnType<Parameters<typeof walletTroubles>[0]['view']>
  const DEVICE = 'tail1device'
  const RECORD = { deviceAddress: DEVICE, deviceExpiryHeight: 1_000n } as View['record']
  const at = (height: number): View['epoch'] => ({ height }) as View['epoch']
  const BASE: View = {
    joined: true,
    ownerNeededFor: undefined,
    record: RECORD,
    deviceAddress: DEVICE,
    epoch: at(500),
  }

  function said(view: View, isLocked: boolean): unknown[] {
    const sources = walletTroubles({ view: () => view, isLocked: () => isLocked, epochLength: () => 40 })
    return [read(sources, 'wallet_locked'), read(sources, 'device_key_expiring')]
  }

  it('locked is a trouble only where the owner key is needed', () => {
    expect(said(BASE, true)).toEqual([undefined, undefined])
    for (const action of ['register', 'renew'] as const) {
      const waiting: View = { ...BASE, ownerNeededFor: action }
      expect(said(waiting, true)).toEqual([{ action }, undefined])
      expect(said(waiting, false)).toEqual([undefined, undefined])
    }
  })

  it('a device key that was not renewed in time is told, with the blocks that are left', () => {
    expect(said({ ...BASE, epoch: at(970) }, false)).toEqual([undefined, { blocks: 30 }])
    expect(said({ ...BASE, epoch: at(1_200), ownerNeededFor: 'renew' }, true)).toEqual([
      { action: 'renew' },
      { blocks: 0 },
    ])
    expect(said({ ...BASE, epoch: at(970), joined: false }, true)).toEqual([undefined, undefined])
  })
})
