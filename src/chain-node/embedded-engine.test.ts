import { expect, onTestFinished, test } from 'vitest'
import {
  DEVELOPER,
  signedTransfer,
  testGenesis,
  testKey,
  VALIDATOR,
} from '../../test/conformance/rpc/network-fixture.ts'
import type { Defects } from '../../test/conformance/rpc/transfer-application.ts'
import { openTransferApplication } from '../../test/conformance/rpc/transfer-application.ts'
import { tempTree } from '../../test/support/temp-tree.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { CodedError } from '../lib/coded-error.ts'
import { SILENT_LOGGER } from '../lib/runtime.ts'
import { blsVerify } from '../protocol/randomness.ts'
import { decodeRandomnessTx } from '../protocol/tx.ts'
import type { CommittedBlock } from './block.ts'
import { hashHeader, hashResults, hashTxs, hashValidators } from './block.ts'
import type { BlockStore } from './block-store.ts'
import { openBlockStore } from './block-store.ts'
import { restoreApplication } from './chain-node.ts'
import { EmbeddedEngine } from './embedded-engine.ts'
import { genesisHash } from './genesis-file.ts'
import { MEMPOOL_LIMITS } from './limits.ts'
import { Mempool } from './mempool/mempool.ts'

const START_MS = 1_700_000_000_000
const BLOCK_MS = 1_000
const genesis = testGenesis(START_MS, { blockTimeMs: BLOCK_MS })

interface BenchOptions {
  readonly home?: string
  readonly startMs?: number
  readonly defects?: Defects
  readonly leadInHeight?: number
  readonly wrapStore?: (store: BlockStore) => Pick<BlockStore, 'block' | 'height' | 'commitBlock'>
}

function bench(options: BenchOptions = {}) {
  const clock = new VirtualClock(options.startMs ?? START_MS)
  /** Added to what the engine reads: a machine that slept, a clock that was set. */
  const skew = { ms: 0 }
  const path = `${options.home ?? tempTree({})}/chain.db`
  const store = openBlockStore(path, { chainId: genesis.chainId, genesisHash: genesisHash(genesis) })
  const open = (entries: Iterable<readonly [Uint8Array, Uint8Array]>) =>
    openTransferApplication(entries, options.defects)
  const application = restoreApplication(store, genesis, open)
  const mempool = new Mempool({ application, logger: SILENT_LOGGER }, MEMPOOL_LIMITS)
  const engine = new EmbeddedEngine(
    {
      application,
      mempool,
      store: options.wrapStore?.(store) ?? store,
      clock: { nowMs: () => clock.nowMs() + skew.ms, sleep: (delayMs, signal) => clock.sleep(delayMs, signal) },
      validatorKey: VALIDATOR,
      logger: SILENT_LOGGER,
    },
    {
      chainId: genesis.chainId,
      genesisTimeMs: genesis.timeMs,
      blockTimeMs: BLOCK_MS,
      validatorsHash: hashValidators(genesis),
      leadInHeight: options.leadInHeight ?? 0,
    },
  )
  const blocks: CommittedBlock[] = []
  engine.onBlock((block) => {
    // Whoever hears of a block finds it in the database.
    expect(store.block(block.header.height)).toEqual(block)
    blocks.push(block)
  })
  const stop = async () => {
    await engine.stop()
    store.close()
  }
  onTestFinished(stop)
  return { engine, clock, skew, mempool, blocks, stop }
}

test('a block each interval, empty or not; headers chain', async () => {
  const { engine, clock, mempool, blocks } = bench()
  void engine.run()
  await clock.advance(0)
  expect(blocks.map((block) => block.header.height)).toEqual([1])
  const tx = signedTransfer(DEVELOPER, testKey('other').address, 5n, 0n)
  mempool.add(tx)
  await clock.advance(3 * BLOCK_MS)
  expect(blocks.map((block) => block.header.timeMs - START_MS)).toEqual([1, 1_000, 2_000, 3_000])
  expect(blocks.map((block) => block.txs.length)).toEqual([1, 2, 1, 1])
  expect(blocks[1]?.txs[1]).toEqual(tx)
  blocks.forEach((block, index) => {
    const before = blocks[index - 1]
    expect(hashHeader(block.header)).toEqual(block.hash)
    expect(block.header.dataHash).toEqual(hashTxs(block.txs))
    expect(block.header.lastBlockHash).toEqual(before?.hash ?? new Uint8Array(0))
    expect(block.header.lastResultsHash).toEqual(hashResults(before?.results ?? []))
    expect(before === undefined || before.appHash).toEqual(before === undefined || block.header.appHash)
  })
})

test("each block opens with the proposer's signature over height and the randomness before", () => {
  const application = openTransferApplication()
  application.initChain(genesis)
  const message = application.randomnessMessage(1n)
  const block = bench().engine.makeBlock(START_MS + 1)
  const signature = decodeRandomnessTx(block.txs[0] ?? new Uint8Array(0)) ?? new Uint8Array(0)
  expect(blsVerify(VALIDATOR.blsPublicKey, message, signature)).toBe(true)
})

test('the lead-in is made at once, also after a restart in it; then the interval holds', async () => {
  const home = tempTree({})
  const first = bench({ home, leadInHeight: 5 })
  void first.engine.run()
  await first.clock.advance(25)
  expect(first.blocks.length).toBe(2)
  await first.stop()
  const { engine, clock, blocks } = bench({ home, leadInHeight: 5 })
  void engine.run()
  await clock.advance(BLOCK_MS / 2)
  expect(blocks.map((block) => block.header.height)).toEqual([3, 4, 5])
  await clock.advance(3 * BLOCK_MS)
  expect(blocks.at(-1)?.header.height).toBe(8)
})

test('however slow the machine is, the readers have a fifth of the time in the lead-in too', async () => {
  const { engine, clock, skew, blocks } = bench({ leadInHeight: 20 })
  engine.onBlock(() => {
    skew.ms += 400
  })
  void engine.run()
  await clock.advance(1_000)
  expect(blocks.length).toBe(11)
})

test('after a pause of the machine: one block at once, then the interval again', async () => {
  const { engine, clock, skew, blocks } = bench()
  void engine.run()
  await clock.advance(0)
  skew.ms = 60 * BLOCK_MS
  await clock.advance(BLOCK_MS)
  expect(blocks.length).toBe(2)
  await clock.advance(BLOCK_MS - 1)
  expect(blocks.length).toBe(2)
  await clock.advance(1)
  expect(blocks.length).toBe(3)
})

test('a clock that was set back stops nothing, and header times still rise', async () => {
  const { engine, clock, skew, blocks } = bench()
  void engine.run()
  await clock.advance(BLOCK_MS)
  skew.ms = -3_600_000
  await clock.advance(4 * BLOCK_MS)
  const times = blocks.map((block) => block.header.timeMs)
  expect(blocks.length).toBe(6)
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b))
})

test('a genesis that lies ahead is waited for', async () => {
  const { engine, clock, blocks } = bench({ startMs: START_MS - 9 * 3_600_000 })
  void engine.run()
  await clock.advance(9 * 3_600_000 - 1)
  expect(blocks).toEqual([])
  await clock.advance(1)
  expect(blocks.length).toBe(1)
})

test('a restart goes on where the store ends: height, hashes, app hash', async () => {
  const home = tempTree({})
  const first = bench({ home })
  void first.engine.run()
  first.mempool.add(signedTransfer(DEVELOPER, testKey('other').address, 5n, 0n))
  await first.clock.advance(2 * BLOCK_MS)
  await first.stop()
  const second = bench({ home, startMs: START_MS + 2 * BLOCK_MS + 10 })
  expect(second.engine.height).toBe(3)
  void second.engine.run()
  await second.clock.advance(BLOCK_MS - 11)
  expect(second.blocks).toEqual([])
  await second.clock.advance(1)
  const [next] = second.blocks
  const last = first.blocks.at(-1)
  expect(next?.header).toMatchObject({ height: 4, lastBlockHash: last?.hash, appHash: last?.appHash })
  expect(next?.header.lastResultsHash).toEqual(hashResults(last?.results ?? []))
})

test('a database that fails ends the engine before anybody hears of the block', async () => {
  const failure = new CodedError('store_failed', 'disk full')
  const { engine, clock, blocks } = bench({
    wrapStore: (store) => ({
      height: () => store.height(),
      block: (height) => store.block(height),
      commitBlock: () => {
        throw failure
      },
    }),
  })
  const ended = expect(engine.run()).rejects.toBe(failure)
  await clock.advance(0)
  await ended
  expect(blocks).toEqual([])
})

test('a block that the state machine refuses is made again without transactions', () => {
  const refuse = { on: true }
  const { engine, mempool } = bench({
    defects: {
      onFinalize: (input) => {
        if (refuse.on && input.txs.length > 1) {
          throw new CodedError('invalid_block', 'over a limit')
        }
      },
    },
  })
  const tx = signedTransfer(DEVELOPER, testKey('other').address, 5n, 0n)
  mempool.add(tx)
  expect(engine.makeBlock(START_MS + 1).txs.length).toBe(1)
  expect(mempool.size).toBe(0)
  refuse.on = false
  expect(mempool.add(tx)).toMatchObject({ kind: 'checked', result: { code: 0 } })
  expect(engine.makeBlock(START_MS + 2).txs.length).toBe(2)
})

test('any other failure of the state machine is no reason to go on', () => {
  const defect = new CodedError('broken', 'a defect')
  const { engine } = bench({
    defects: {
      onFinalize: () => {
        throw defect
      },
    },
  })
  expect(() => engine.makeBlock(START_MS + 1)).toThrow(defect)
  expect(engine.height).toBe(0)
})

test('on a full disk the chain waits, loses nothing that waits with it, and goes on when there is room', async () => {
  let isFull = false
  const { engine, clock, mempool, blocks } = bench({
    wrapStore: (store) => ({
      block: (height) => store.block(height),
      height: () => store.height(),
      commitBlock(block, changes) {
        if (isFull) {
          throw new CodedError('store_full', 'no room')
        }
        store.commitBlock(block, changes)
      },
    }),
  })
  const running = engine.run()
  await clock.advance(2 * BLOCK_MS)
  isFull = true
  const tx = signedTransfer(DEVELOPER, testKey('other').address, 5n, 0n)
  mempool.add(tx)
  await clock.advance(5 * BLOCK_MS)
  expect(engine.height).toBe(3)
  isFull = false
  await clock.advance(2 * BLOCK_MS)
  expect(blocks.map((block) => block.header.height)).toEqual([1, 2, 3, 4, 5])
  expect(blocks[3]?.txs[1]).toEqual(tx)
  await engine.stop()
  await running
})
