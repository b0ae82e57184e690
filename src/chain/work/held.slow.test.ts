import { describe, expect, it } from 'vitest'
import { ask, recordOf } from '../../../test/support/chain/chain-duties.ts'
import type { ChainHarness } from '../../../test/support/chain/chain-harness.ts'
import { hostNamed, word } from '../../../test/support/chain/chain-harness.ts'
import {
  batchMessage,
  createWorkbench,
  createWorkChain,
  DEVELOPER,
  escrowOf,
  ownerOf,
  payerOf,
  sessionNamed,
  withdrawMessage,
} from '../../../test/support/chain/chain-work.ts'
import { decodeAddress } from '../../protocol/address.ts'
import { QueryLedgerRequest, QueryLedgerResponse } from '../../protocol/gen/tailrace/v1/query.ts'
import { LOCAL_SERVING_PARAMS } from '../../protocol/work/serving-params.ts'
import type { BlockContext } from '../context.ts'
import { nextFrame } from '../context.ts'
import { recountViolation } from '../invariants.ts'
import { createOracleCache } from '../judgement/oracle-cache.ts'
import { balanceOf, mintHeld, readSupply } from '../state/bank.ts'
import { heldKey } from '../state/keys.ts'
import { getAmount } from '../state/records.ts'
import { endBatch, readBatch, writeBatch } from '../state/work/batches.ts'
import { readEscrow, writeEscrow } from '../state/work/escrows.ts'
import { creditEscrow } from './credit-escrow.ts'
import { debitHeld } from './debit-held.ts'
import { holdEarnings } from './hold-earnings.ts'

const ada = hostNamed('ada')
const bob = hostNamed('bob')
const one = sessionNamed('one')

function contextOf(chain: ChainHarness): BlockContext {
  return { ...nextFrame(chain.store, createOracleCache()), store: chain.store, txHash: '', emit: () => undefined }
}

/** ada holds 100 of epoch 3, 200 of epoch 4 and 300 of epoch 5. */
function start(): { chain: ChainHarness; context: BlockContext } {
  const chain = createWorkChain({ hosts: [ada, bob], sessions: [[one, 1_000n]] })
  const context = contextOf(chain)
  for (const epoch of [3, 4, 5]) {
    const amount = BigInt(epoch - 2) * 100n
    mintHeld(chain.store, amount)
    const earning = { epoch, amount, reason: 'emission_share', txHash: '', from: 'held' } as const
    holdEarnings(context, { ...earning, owner: ownerOf(ada) })
  }
  return { chain, context }
}

function entries({ store }: ChainHarness, host = ada): bigint[] {
  return [3, 4, 5].map((epoch) => getAmount(store, heldKey(ownerOf(host), epoch)))
}

describe('taking held earnings', () => {
  it('begins with the epoch that is meant, then goes from the newest to the oldest', () => {
    const { chain, context } = start()
    const take = (amount: bigint): bigint =>
      debitHeld(context, ownerOf(ada), amount, 4, 'opening_withheld', 'AB', 'burn')
    expect([take(50n), entries(chain)]).toEqual([50n, [100n, 150n, 300n]])
    expect([take(200n), entries(chain)]).toEqual([200n, [100n, 0n, 250n]])
    expect([take(1_000n), entries(chain)]).toEqual([350n, [0n, 0n, 0n]])
    expect(take(1n)).toBe(0n)
    expect(recordOf(chain, ada).held).toBe('0')
    expect(readSupply(chain.store).burned).toBe(600n)
    expect(recountViolation(chain.store)).toBeUndefined()
    const request = QueryLedgerRequest.encode({ host: ada.owner.address, fromSequence: 4n, limit: 0 }).finish()
    const ledger = ask(chain, 'Ledger', request, QueryLedgerResponse)
    expect(ledger.entries.map(({ kind, amount, reason, txHash }) => [kind, amount, reason, txHash])).toEqual([
      ['debit', '50', 'opening_withheld', 'AB'],
      ['debit', '200', 'opening_withheld', 'AB'],
      ['debit', '350', 'opening_withheld', 'AB'],
    ])
    expect(ledger).toMatchObject({ totalHeld: '600', totalDebitedHeld: '600' })
  })

  it('brings what it took to the pool, an escrow or another host, to the last unit', () => {
    const { chain, context } = start()
    expect(debitHeld(context, ownerOf(ada), 10n, 3, 'receipt_void', '', 'pool')).toBe(10n)
    expect(debitHeld(context, ownerOf(ada), 20n, 3, 'receipt_void', '', { escrow: payerOf(one) })).toBe(20n)
    const destination = { host: ownerOf(bob), epoch: 5, reason: 'check_reward' } as const
    expect(debitHeld(context, ownerOf(ada), 30n, 3, 'check_fee', 'CD', destination)).toBe(30n)
    expect([readSupply(chain.store).pool, escrowOf(chain, one).escrow.refunded]).toEqual([10n, 20n])
    expect([entries(chain), entries(chain, bob)]).toEqual([
      [40n, 200n, 300n],
      [0n, 0n, 30n],
    ])
    expect(recountViolation(chain.store)).toBeUndefined()
  })

  it('of nobody takes nothing', () => {
    const { chain, context } = start()
    expect(debitHeld(context, new Uint8Array(20), 10n, 3, 'check_fee', '', 'burn')).toBe(0n)
    expect(readSupply(chain.store).burned).toBe(0n)
  })
})

describe('a refund', () => {
  it('can be spent again, and raises what the key may promise', () => {
    const { chain, context } = start()
    creditEscrow(context, payerOf(one), 100n, 'held')
    expect(escrowOf(chain, one)).toMatchObject({ available: 1_000n, escrow: { refunded: 100n } })
  })

  it('goes to the owner where the escrow is closed, and to the pool where nobody knows it', () => {
    const { chain, context } = start()
    const escrow = readEscrow(chain.store, payerOf(one))
    if (escrow === undefined) {
      throw new Error('no escrow')
    }
    writeEscrow(chain.store, { ...escrow, closed: true })
    const owner = decodeAddress(DEVELOPER.address)
    const before = balanceOf(chain.store, owner)
    creditEscrow(context, payerOf(one), 7n, 'held')
    creditEscrow(context, new Uint8Array(20), 5n, 'held')
    expect([balanceOf(chain.store, owner) - before, readSupply(chain.store).pool]).toEqual([7n, 5n])
  })

  it('reaches the owner after the escrow was withdrawn, when a batch of it is refunded later', () => {
    const params = {
      epochLength: 24,
      raceLength: 12,
      verifyLength: 10,
      serving: { ...LOCAL_SERVING_PARAMS, withdrawEpochs: 1, openingBlocks: 40 },
    }
    const chain = createWorkChain({ hosts: [ada, bob], sessions: [[one, 1_000n]], params })
    const bench = createWorkbench(chain)
    const { price } = bench.work(one, ada)
    expect(word(chain.deliver(ada.device, [batchMessage(bench.batch(ada).message)]))).toBe('')
    const start = balanceOf(chain.store, decodeAddress(DEVELOPER.address))
    chain.deliver(DEVELOPER, [withdrawMessage(DEVELOPER, one)])
    chain.produceUntil(chain.height + 26)
    expect(escrowOf(chain, one).escrow.closed).toBe(true)
    const balance = (): bigint => balanceOf(chain.store, decodeAddress(DEVELOPER.address)) - start
    expect(balance()).toBe(1_000n - price)
    // Nobody opens the batch.
    chain.produceUntil(chain.height + 20)
    expect(balance()).toBe(1_000n)
  })
})

describe('the hold', () => {
  it('of an epoch lasts while a batch of it is open', () => {
    const params = {
      epochLength: 24,
      raceLength: 12,
      verifyLength: 10,
      serving: { ...LOCAL_SERVING_PARAMS, openingBlocks: 500 },
    }
    const chain = createWorkChain({ hosts: [ada, bob], sessions: [[one, 1_000n]], params })
    const bench = createWorkbench(chain)
    const { price } = bench.work(one, ada)
    expect(word(chain.deliver(ada.device, [batchMessage(bench.batch(ada).message)]))).toBe('')
    const held = (): string => recordOf(chain, ada).held
    const credited = (): string => recordOf(chain, ada).credited
    // Held one epoch, and then as long as it takes.
    chain.produceUntil(24 * 3)
    expect([held(), credited()]).toEqual([price.toString(), '0'])
    const batch = readBatch(chain.store, 1n)
    if (batch === undefined) {
      throw new Error('no batch')
    }
    writeBatch(chain.store, { ...batch, state: 'paid' })
    endBatch(chain.store, batch)
    chain.produceUntil(24 * 4)
    const kept = (price * 200_000n) / 1_000_000n
    expect([held(), recordOf(chain, ada).bond, credited()]).toEqual(['0', kept.toString(), (price - kept).toString()])
  })
})
