import type { StateChange, StateStore, TxResult } from '../../../src/chain/application.ts'
import type { CacheStore } from '../../../src/chain/cache-store.ts'
import { createCacheStore } from '../../../src/chain/cache-store.ts'
import { nextFrame } from '../../../src/chain/context.ts'
import { balanceOf, readSupply } from '../../../src/chain/state/bank.ts'
import { sequenceOf } from '../../../src/chain/state/chain-status.ts'
import { balanceKey, SUPPLY_KEY, sequenceKey } from '../../../src/chain/state/keys.ts'
import { createBlockBudget } from '../../../src/chain/tx/block-budget.ts'
import { runTx } from '../../../src/chain/tx/run-tx.ts'
import { toHex, u64be } from '../../../src/lib/bytes.ts'
import { decodeAddress } from '../../../src/protocol/address.ts'
import { SupplyState } from '../../../src/protocol/gen/tailrace/v1/state.ts'
import type { DecodedTx } from '../../../src/protocol/tx.ts'
import { decodeTx } from '../../../src/protocol/tx.ts'
import { moneyOf } from './audit/money-of.ts'
import { Broken } from './broken.ts'
import { createCheapSignatures } from './cheap-signing.ts'
import { attempts } from './machine.ts'

/**
 * The transactions of a block one by one, on a copy of the state: what each of them writes is seen, which an application's block
 * does not show. The application's results for the same block must be equal (run/play.ts).
 */
export interface Shadow {
  readonly store: CacheStore
  /** Runs it and keeps what it wrote; throws `Broken` where it wrote what it may not. */
  deliver(bytes: Uint8Array): TxResult
}

export type RunTx = typeof runTx

/** `lastAppHash`: after the block before. */
export function openShadow(committed: StateStore, lastAppHash: Uint8Array, run: RunTx = runTx): Shadow {
  const store = createCacheStore(committed)
  const frame = nextFrame(committed, attempts, createCheapSignatures(), lastAppHash)
  const budget = createBlockBudget()
  return {
    store,
    deliver(bytes) {
      const overlay = createCacheStore(store)
      const result = run({ frame, store: overlay, budget, mode: 'deliver' }, bytes)
      judge(store, overlay.changes(), bytes, result)
      overlay.flush()
      return result
    },
  }
}

function judge(before: StateStore, changes: readonly StateChange[], bytes: Uint8Array, result: TxResult): void {
  if (result.log.startsWith('internal')) {
    throw new Broken('no transaction meets a rule that nobody foresaw', result.log)
  }
  if (result.code === 0) {
    judgeMoney(before, changes, result)
    return
  }
  const allowed = result.events.length === 0 ? new Map<string, string>() : anteChanges(before, decodeTx(bytes))
  const written = new Map(changes.map(({ key, value }) => [toHex(key), value === undefined ? '' : toHex(value)]))
  for (const [key, value] of written) {
    if (allowed.get(key) !== value) {
      throw new Broken(
        'a refused transaction changes nothing but sequence and fee',
        `${result.log} wrote ${key} = ${value}, not ${allowed.get(key)}`,
      )
    }
  }
  if (written.size !== allowed.size) {
    throw new Broken(
      'a refused transaction pays its fee and uses its sequence',
      `${result.log}, ${written.size} writes`,
    )
  }
}

/** What the ante of this transaction has to write: nothing more and nothing less. */
function anteChanges(before: StateStore, { signer, feeAmount }: DecodedTx): Map<string, string> {
  const address = decodeAddress(signer)
  const sequence = u64be(sequenceOf(before, address) + 1n)
  const expected = new Map([[toHex(sequenceKey(address)), toHex(sequence)]])
  if (feeAmount > 0n) {
    const left = balanceOf(before, address) - feeAmount
    const key = toHex(balanceKey(address))
    expected.set(key, left === 0n ? '' : left.toString(16).padStart(32, '0'))
    expected.set(toHex(SUPPLY_KEY), supplyAfterFee(before, feeAmount))
  }
  return expected
}

function supplyAfterFee(before: StateStore, fee: bigint): string {
  const supply = readSupply(before)
  const after = { ...supply, balances: supply.balances - fee, pool: supply.pool + fee }
  const texts = Object.fromEntries(Object.entries(after).map(([name, amount]) => [name, String(amount)]))
  return toHex(SupplyState.encode(SupplyState.fromPartial(texts)).finish())
}

/** Transactions mint nothing; what they burn is told. */
function judgeMoney(before: StateStore, changes: readonly StateChange[], result: TxResult): void {
  let difference = 0n
  let issued = 0n
  for (const { key, value } of changes) {
    const [was, is] = [moneyOf(key, before.get(key)), moneyOf(key, value)]
    difference += is.placed - was.placed
    issued += is.issued - was.issued
  }
  if (difference !== issued) {
    throw new Broken('a transaction conserves the money', `${difference} placed, ${issued} issued: ${result.log}`)
  }
}
