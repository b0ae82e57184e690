import { afterEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import { epochHeights, epochOfHeight, LOCAL_PARAMS } from '../protocol/params.ts'
import { ChainWatch } from './chain-watch.ts'
import type { BlockNotice, ChainPort, ConnectionState } from './ports.ts'

const OWNER = 'tail1owner'
let stop = new AbortController()

afterEach(() => stop.abort())

/** A chain of which only the height is real; `answer` decides what a query for it does. */
function fakeChain(answer: () => Promise<number>) {
  const blocks = new Set<(block: BlockNotice) => void>()
  const connections = new Set<(state: ConnectionState) => void>()
  const chain: Pick<ChainPort, 'params' | 'epoch' | 'host' | 'balance' | 'onBlock' | 'onConnection'> = {
    params: async () => LOCAL_PARAMS,
    host: async () => undefined,
    balance: async () => 7n,
    async epoch() {
      const height = await answer()
      const heights = epochHeights(LOCAL_PARAMS, epochOfHeight(LOCAL_PARAMS, height + 1))
      return {
        height: BigInt(height),
        epoch: BigInt(heights.epoch),
        stage: 'race',
        startHeight: BigInt(heights.startHeight),
        raceEndHeight: BigInt(heights.raceEndHeight),
        settleHeight: BigInt(heights.settleHeight),
        closeHeight: BigInt(heights.closeHeight),
        sampleHeight: BigInt(heights.sampleHeight),
        rootDeadlineHeight: BigInt(heights.rootDeadlineHeight),
        seed: new Uint8Array(32).fill(1),
        races: [
          { shape: 'dev', target: new Uint8Array(32).fill(2), weightPerFind: '1' },
          { shape: 'unheard', target: new Uint8Array(32), weightPerFind: '1' },
        ],
        blockTimeMs: 0n,
      }
    },
    onBlock(listener) {
      blocks.add(listener)
      return () => blocks.delete(listener)
    },
    onConnection(listener) {
      connections.add(listener)
      return () => connections.delete(listener)
    },
  }
  return {
    chain: chain as ChainPort,
    block: (height: number) => blocks.forEach((listener) => void listener({ height, timeMs: 0 })),
    connection: (state: ConnectionState) => connections.forEach((listener) => void listener(state)),
    listeners: () => blocks.size + connections.size,
  }
}

function watchOf(chain: ChainPort): { watch: ChainWatch; seen: number[]; done: Promise<void> } {
  stop = new AbortController()
  const watch = new ChainWatch({ chain, ownerAddress: OWNER, clock: new VirtualClock(), logger: SILENT_LOGGER })
  const seen: number[] = []
  watch.onSnapshot((snapshot) => seen.push(snapshot.height))
  return { watch, seen, done: watch.run(stop.signal) }
}

/** Lets everything run that waits for promises alone. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('a chain watch', () => {
  it('shows each height once, in order, the newest where it fell behind', async () => {
    let height = 3
    const fake = fakeChain(async () => height)
    const { watch, seen, done } = watchOf(fake.chain)
    await turn()
    expect(watch.latest()).toMatchObject({ height: 3, epoch: 0, balance: 7n, stage: 'race' })
    expect(Object.keys(watch.latest()?.targets ?? {})).toEqual(['dev'])
    height = 6
    fake.block(4)
    fake.block(5)
    fake.block(6)
    await turn()
    height = 5
    fake.block(6)
    await turn()
    expect(seen).toEqual([3, 6])
    stop.abort()
    await done
    expect(fake.listeners()).toBe(0)
  })

  it('reads again when the connection is back, without a block', async () => {
    let isUp = false
    const fake = fakeChain(async () => {
      if (!isUp) {
        throw new Error('refused')
      }
      return 9
    })
    const { watch, seen } = watchOf(fake.chain)
    await turn()
    expect(watch.latest()).toBeUndefined()
    isUp = true
    fake.connection('connected')
    await turn()
    expect(seen).toEqual([9])
    expect(watch.connection()).toBe('connected')
  })

  it('gives up a query that hangs while blocks go by', async () => {
    let asked = 0
    const fake = fakeChain(() => {
      asked += 1
      return asked > 1 ? Promise.resolve(20) : new Promise(() => undefined)
    })
    const { seen } = watchOf(fake.chain)
    for (let height = 11; height <= 20; height++) {
      fake.block(height)
      await turn()
    }
    expect(seen).toEqual([20])
  })

  it('waits for a condition, and stops waiting when told', async () => {
    let height = 1
    const fake = fakeChain(async () => height)
    const { watch } = watchOf(fake.chain)
    await turn()
    const waiting = new AbortController()
    const never = watch.until((snapshot) => snapshot.height > 99, waiting.signal)
    const later = watch.after(1, waiting.signal)
    height = 2
    fake.block(2)
    expect((await later).height).toBe(2)
    expect((await watch.until(() => true, waiting.signal)).height).toBe(2)
    waiting.abort(new Error('enough'))
    await expect(never).rejects.toThrow('enough')
    await expect(watch.after(2, waiting.signal)).rejects.toThrow('enough')
  })

  it('lets nobody be disturbed by a condition or a listener that throws', async () => {
    let height = 1
    const fake = fakeChain(async () => height)
    const { watch, seen } = watchOf(fake.chain)
    await turn()
    const failing = watch.until((snapshot) => {
      if (snapshot.height === 1) {
        return false
      }
      throw new Error('broken condition')
    }, stop.signal)
    const unsubscribe = watch.onSnapshot(() => {
      throw new Error('broken listener')
    })
    const good = watch.after(1, stop.signal)
    height = 2
    fake.block(2)
    await expect(failing).rejects.toThrow('broken condition')
    expect((await good).height).toBe(2)
    unsubscribe()
    expect(seen).toEqual([1, 2])
  })
})
