import { beforeEach, describe, expect, it } from 'vitest'
import { setPayoutMessage } from '../../../test/support/chain/chain-duties.ts'
import type { Actor, ChainHarness, HostActor } from '../../../test/support/chain/chain-harness.ts'
import { actorNamed, createChainHarness, hostNamed, send, signTx } from '../../../test/support/chain/chain-harness.ts'
import type { Application } from '../../chain/application.ts'
import { sequenceOf } from '../../chain/state/chain-status.ts'
import { SILENT_LOGGER } from '../../lib/runtime.ts'
import { decodeAddress } from '../../protocol/address.ts'
import { TX_LIMITS } from '../../protocol/tx.ts'
import { MEMPOOL_LIMITS } from '../limits.ts'
import { Mempool } from './mempool.ts'

/** A flood, small: what bench:chain sends fifty thousand of comes here in the same kinds against bounds as much smaller. */
const LIMITS = { ...MEMPOOL_LIMITS, txs: 60, perSigner: 8, recheckTxs: 20, badHashes: 1_000 }
const BLOCK = { txs: 20, bytes: 64 * 1024 }
const BLOCKS = 3

const hosts = [1, 2, 3].map((at) => hostNamed(`steady ${at}`))
const spammers = Array.from({ length: 16 }, (_, at) => actorNamed(`spammer ${at}`))
const target = actorNamed('target')

let chain: ChainHarness
let pool: Mempool
let verified: number

beforeEach(() => {
  verified = 0
  chain = createChainHarness({ hosts, accounts: spammers.map((actor) => ({ actor, amount: 1_000_000n })) })
  chain.produce()
  pool = new Mempool({ application: watched(), logger: SILENT_LOGGER }, LIMITS)
})

describe('a flood of payments, right and wrong ones', () => {
  it('keeps no duty out of the next block, and the pool within its bounds', () => {
    const spammed = new Map(spammers.map((spammer) => [spammer, 0n]))
    for (let block = 0; block < BLOCKS; block++) {
      const before = flood(spammed, block)
      const duties = hosts.map((host) => dutyOf(host, block))
      expect(duties.map(codeOf)).toEqual([0, 0, 0])
      expect(before.accepted).toBeGreaterThan(0)
      expect(pool.size).toBeLessThanOrEqual(LIMITS.txs)
      expect(pool.sizeBytes).toBeLessThanOrEqual(LIMITS.bytes)
      const proposed = pool.reap(BLOCK.txs, BLOCK.bytes)
      expect(proposed).toEqual(expect.arrayContaining(duties))
      expect(proposed).toHaveLength(BLOCK.txs)
      const { txResults } = chain.produce(proposed)
      expect(txResults.map(({ code }) => code)).toEqual(txResults.map(() => 0))
      pool.update(proposed, txResults.slice(1))
      for (const spammer of spammers) {
        spammed.set(spammer, nextSequence(spammer))
      }
    }
  })

  it('has the best paying ones first, at most so many of one signer', () => {
    const poor = spammers.slice(0, 2)
    const rich = spammers.slice(2, 12)
    for (const spammer of poor) {
      const codes = range(12).map((at) => codeOf(payment(spammer, BigInt(at), 10n)))
      expect(codes.filter((code) => code === 0)).toHaveLength(LIMITS.perSigner)
    }
    const dear = rich.flatMap((spammer) => range(2).map((at) => payment(spammer, BigInt(at), 500n)))
    expect(new Set(dear.map(codeOf))).toEqual(new Set([0]))
    const proposed = pool.reap(BLOCK.txs, BLOCK.bytes)
    expect(proposed).toEqual(dear)
  })

  it('verifies the signature of a bad transaction once, however often it comes', () => {
    const bad = payment(spammers[0] as Actor, 0n, 10n, spammers[1])
    const codes = range(50).map(() => codeOf(bad))
    expect(codes).toEqual(codes.map(() => 4))
    expect(verified).toBe(1)
  })
})

/** Everything that a block's time brings: more payments than the pool holds, and of each kind of nonsense some. */
function flood(sequences: ReadonlyMap<Actor, bigint>, block: number): { accepted: number } {
  let accepted = 0
  for (const [at, [spammer, sequence]] of [...sequences].entries()) {
    for (const offset of range(5)) {
      const tx = payment(spammer, sequence + BigInt(offset), BigInt(10 + ((at * 7 + block) % 40)))
      accepted += codeOf(tx) === 0 ? 1 : 0
    }
    const refused = [
      new Uint8Array(40 + at).fill(block),
      payment(spammer, sequence + 5n, 10n, spammers[(at + 1) % spammers.length]),
      payment(spammer, sequence + 500n, 10n),
    ]
    expect(refused.map(codeOf)).not.toContain(0)
  }
  expect(pool.add(new Uint8Array(TX_LIMITS.bytes + 1)).kind).toBe('too_large')
  return { accepted }
}

function payment(from: Actor, sequence: bigint, fee: bigint, signer: Actor = from): Uint8Array {
  return signTx({ ...signer, address: from.address }, [send(from, target, 1n)], {
    sequence,
    fee,
    publicKey: from.publicKey,
  })
}

function dutyOf({ owner }: HostActor, block: number): Uint8Array {
  return signTx(owner, [setPayoutMessage(owner.address, block % 2 === 0 ? target.address : '')], {
    sequence: BigInt(block),
  })
}

function codeOf(tx: Uint8Array): number {
  const outcome = pool.add(tx)
  return outcome.kind === 'checked' ? outcome.result.code : -1
}

function nextSequence({ address }: Actor): bigint {
  return sequenceOf(chain.store, decodeAddress(address))
}

/** The state machine, with its looks at signatures counted: what it refuses with code 4 it has verified. */
function watched(): Pick<Application, 'checkTx'> {
  return {
    checkTx(tx, options) {
      const result = chain.app.checkTx(tx, options)
      verified += result.code === 4 ? 1 : 0
      return result
    },
  }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at)
}
