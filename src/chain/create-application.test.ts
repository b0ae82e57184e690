import { describe, expect, it } from 'vitest'
import { runEpoch } from '../../test/support/chain/chain-duties.ts'
import {
  actorNamed,
  createChainHarness,
  hostNamed,
  send,
  signTx,
  testGenesis,
  verifyOnce,
} from '../../test/support/chain/chain-harness.ts'
import { TEST_MODEL } from '../../test/support/chain/chain-work.ts'
import { readVectors } from '../../test/support/vectors.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import { errorCode } from '../lib/coded-error.ts'
import type { BlockInput } from './application.ts'
import { BLOCK_LIMITS } from './application.ts'
import { createApplication } from './create-application.ts'
import { createMemoryStore } from './memory-store.ts'
import { createStateTree } from './state-tree.ts'

const rich = actorNamed('rich')
const other = actorNamed('other')
const ada = hostNamed('ada')
const bob = hostNamed('bob')
const OPTIONS = { hosts: [ada, bob], accounts: [{ actor: rich, amount: 1_000n }] }

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'no error'
  } catch (error) {
    return errorCode(error)
  }
}

describe('blocks', () => {
  it('that no honest validator votes for are not executed', () => {
    const chain = createChainHarness(OPTIONS)
    const good = chain.nextBlock()
    const [randomness] = good.txs as [Uint8Array]
    const broken = randomness.slice()
    broken[20] = (broken[20] ?? 0) ^ 1
    const bad: BlockInput[] = [
      { ...good, height: 2n },
      { ...good, height: 0n },
      { ...good, txs: [] },
      { ...good, txs: [broken] },
      { ...good, txs: [randomness.slice(0, -1)] },
      { ...good, txs: [signTx(rich, [send(rich, other, 1n)], {}), randomness] },
      { ...good, proposer: new Uint8Array(20) },
      { ...good, proposer: new Uint8Array(0) },
      { ...good, txs: [randomness, ...Array.from({ length: BLOCK_LIMITS.transactions }, () => new Uint8Array(1))] },
      { ...good, txs: [randomness, new Uint8Array(BLOCK_LIMITS.bytes)] },
    ]
    expect(bad.map((input) => chain.app.processProposal(input))).toEqual(bad.map(() => false))
    expect(bad.map((input) => codeOf(() => chain.app.finalizeBlock(input)))).toEqual(bad.map(() => 'invalid_block'))
    expect(chain.app.processProposal(good)).toBe(true)
    expect(codeOf(() => chain.app.randomnessMessage(2n))).toBe('invalid_block')
    expect(codeOf(() => chain.app.commit())).toBe('no error')
    expect(codeOf(() => chain.app.commit())).toBe('nothing_to_commit')
  })

  it('may carry as much as the limits say, and answer each transaction', () => {
    const chain = createChainHarness(OPTIONS)
    const junk = Array.from({ length: BLOCK_LIMITS.transactions - 1 }, (_, index) =>
      Uint8Array.of(index & 255, index >> 8),
    )
    const { txResults } = chain.produce(junk)
    expect(txResults).toHaveLength(BLOCK_LIMITS.transactions)
    expect(txResults[0]?.code).toBe(0)
    expect(txResults.slice(1).every(({ code }) => code !== 0)).toBe(true)
  })

  it('can be finalized again before the commit: the last one counts', () => {
    const chain = createChainHarness(OPTIONS)
    chain.produce()
    const empty = chain.nextBlock()
    const full = { ...empty, txs: [...empty.txs, chain.sign(rich, [send(rich, other, 7n)])] }
    const first = chain.app.finalizeBlock(full)
    expect(toHex(chain.app.finalizeBlock(empty).appHash)).not.toBe(toHex(first.appHash))
    expect(toHex(chain.app.finalizeBlock(full).appHash)).toBe(toHex(first.appHash))
    expect(chain.app.info().height).toBe(1n)
    chain.app.commit()
    expect(chain.app.info()).toEqual({
      height: 2n,
      appHash: first.appHash,
      chainId: chain.genesis.chainId,
      appVersion: 1,
    })
  })
})

describe('genesis', () => {
  it('is written once, and only where it is sound', () => {
    const genesis = testGenesis(OPTIONS)
    const app = createApplication()
    expect(app.info()).toEqual({ height: 0n, appHash: new Uint8Array(32), chainId: '', appVersion: 1 })
    const [validator] = genesis.validators
    const bad = [
      { ...genesis, chainId: '' },
      { ...genesis, validators: [] },
      { ...genesis, validators: [{ ...validator, blsPossession: new Uint8Array(96) }] },
      { ...genesis, accounts: [{ address: 'tail1nonsense', amount: 1n }] },
      { ...genesis, accounts: [{ address: rich.address, amount: -1n }] },
      { ...genesis, hosts: [...genesis.hosts, ...genesis.hosts] },
      { ...genesis, params: { ...genesis.params, epochLength: 9 } },
      { ...genesis, params: { ...genesis.params, verifyLength: 7 } },
      { ...genesis, models: [TEST_MODEL, TEST_MODEL] },
      { ...genesis, models: [{ ...TEST_MODEL, id: 'Not A Name' }] },
      { ...genesis, models: [{ ...TEST_MODEL, manifestHash: new Uint8Array(31) }] },
      { ...genesis, models: [{ ...TEST_MODEL, contextTokens: 0 }] },
      { ...genesis, models: [{ ...TEST_MODEL, price: 999n }] },
    ] as (typeof genesis)[]
    expect(bad.map((one) => codeOf(() => app.initChain(one)))).toEqual(bad.map(() => 'invalid_genesis'))
    app.initChain(genesis)
    app.commit()
    expect(codeOf(() => app.initChain(genesis))).toBe('already_initialised')
  })
})

describe('the persisted changes', () => {
  it('rebuild the application after every block, with the same app hash to the end', { timeout: 120_000 }, () => {
    const chain = createChainHarness(OPTIONS)
    runEpoch(chain, [
      { host: ada, finds: 20 },
      { host: bob, finds: 20 },
    ])
    // The same inputs into an application that is thrown away after every block, as a node that is killed each time.
    const disk = createMemoryStore()
    let app = createApplication({ verifySignature: verifyOnce })
    app.initChain(chain.genesis)
    for (const { input, appHash } of chain.history) {
      expect(toHex(app.finalizeBlock(input).appHash)).toBe(toHex(appHash))
      for (const { key, value } of app.takeChanges()) {
        if (value === undefined) {
          disk.delete(key)
        } else {
          disk.set(key, value)
        }
      }
      app = createApplication({ initialState: disk.entries(), verifySignature: verifyOnce })
      expect(toHex(app.info().appHash)).toBe(toHex(appHash))
    }
    expect(toHex(createStateTree(disk.entries()).root)).toBe(toHex(chain.app.info().appHash))
  })

  it('has the app hashes of the vectors', () => {
    const vectors = readVectors<{ genesis: string; blocks: { txs: string[]; appHash: string }[] }>('state-chain')
    const chain = createChainHarness(OPTIONS)
    expect(toHex(chain.app.info().appHash)).toBe(vectors.genesis)
    for (const { txs, appHash } of vectors.blocks) {
      expect(toHex(chain.produce(txs.map(fromHex)).appHash)).toBe(appHash)
    }
    expect(vectors.blocks.length).toBeGreaterThan(3)
  })
})
