/** The blocks that a node kept, executed anew from its genesis: every app hash and result must come out as it stands in the store. */
import { expect, onTestFinished } from 'vitest'
import { createApplication } from '../../../src/chain/create-application.ts'
import { toUpperHex } from '../../../src/chain-node/base64.ts'
import { hashTx } from '../../../src/chain-node/block.ts'
import { openBlockStore } from '../../../src/chain-node/block-store.ts'
import { genesisHash } from '../../../src/chain-node/genesis-file.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import type { Genesis } from '../../../src/protocol/genesis.ts'

export interface ReplayedTx {
  /** Upper-case hex. */
  readonly hash: string
  readonly height: number
  readonly code: number
  readonly bytes: Uint8Array
}

export interface Replay {
  readonly height: number
  /** Hash by height, hex. */
  readonly blocks: ReadonlyMap<number, string>
  /** All but the proposer's own σ, in order. */
  readonly txs: readonly ReplayedTx[]
}

/** `home`: of a node that does not run. @throws AssertionError where anything comes out otherwise. */
export function replayBlocks(home: string, genesis: Genesis): Replay {
  const store = openBlockStore(`${home}/chain.db`, { chainId: genesis.chainId, genesisHash: genesisHash(genesis) })
  onTestFinished(() => store.close())
  const application = createApplication()
  let appHash = application.initChain(genesis).appHash
  application.commit()
  const blocks = new Map<number, string>()
  const replayed: ReplayedTx[] = []
  for (let height = 1; height <= store.height(); height++) {
    const block = store.block(height)
    if (block === undefined) {
      throw new Error(`block ${height} is missing`)
    }
    const { header, hash, txs } = block
    expect(header.appHash).toEqual(appHash)
    const timeMs = BigInt(header.timeMs)
    const result = application.finalizeBlock({ height: BigInt(height), timeMs, hash, proposer: header.proposer, txs })
    application.commit()
    appHash = result.appHash
    expect(block.appHash).toEqual(appHash)
    expect(block.results).toEqual(result.txResults)
    blocks.set(height, toHex(hash))
    for (const [index, bytes] of txs.entries()) {
      if (index > 0) {
        replayed.push({ hash: toUpperHex(hashTx(bytes)), height, code: result.txResults[index]?.code ?? -1, bytes })
      }
    }
  }
  // The state that was stored last is that of the last block.
  expect(createApplication({ initialState: store.stateEntries() }).info()).toMatchObject({
    height: BigInt(store.height()),
    appHash,
  })
  return { height: store.height(), blocks, txs: replayed }
}
