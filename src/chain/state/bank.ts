/**
 * All money. Invariant: genesis + minted − burned = Σ balances + Σ held + Σ bonds + pool + Σ escrows. Every function here moves a
 * sum from one side or place to another and the running totals with it; nothing else writes a balance or a total.
 */
import { CodedError } from '../../lib/coded-error.ts'
import { SupplyState } from '../../protocol/gen/tailrace/v1/state.ts'
import type { StateStore } from '../application.ts'
import { balanceKey, SUPPLY_KEY } from './keys.ts'
import { getAmount, getRecord, setAmount, setRecord } from './records.ts'

export interface Supply {
  readonly genesis: bigint
  readonly minted: bigint
  readonly burned: bigint
  readonly balances: bigint
  readonly held: bigint
  readonly bonds: bigint
  readonly pool: bigint
  readonly escrows: bigint
}

/** Where money is, apart from single balances. */
export type Place = 'held' | 'bonds' | 'pool' | 'escrows'

const NO_SUPPLY: Supply = {
  genesis: 0n,
  minted: 0n,
  burned: 0n,
  balances: 0n,
  held: 0n,
  bonds: 0n,
  pool: 0n,
  escrows: 0n,
}

export function readSupply(store: StateStore): Supply {
  const record = getRecord(store, SUPPLY_KEY, SupplyState)
  if (record === undefined) {
    return NO_SUPPLY
  }
  return {
    genesis: BigInt(record.genesis),
    minted: BigInt(record.minted),
    burned: BigInt(record.burned),
    balances: BigInt(record.balances),
    held: BigInt(record.held),
    bonds: BigInt(record.bonds),
    pool: BigInt(record.pool),
    escrows: BigInt(record.escrows),
  }
}

export function balanceOf(store: StateStore, address: Uint8Array): bigint {
  return getAmount(store, balanceKey(address))
}

/** Genesis accounts only. */
export function createGenesisBalance(store: StateStore, address: Uint8Array, amount: bigint): void {
  changeBalance(store, address, amount)
  changeSupply(store, { genesis: amount, balances: amount })
}

/** @throws CodedError `negative_amount` where the sender has less: callers check first. */
export function transfer(store: StateStore, from: Uint8Array, to: Uint8Array, amount: bigint): void {
  changeBalance(store, from, -amount)
  changeBalance(store, to, amount)
}

/** A fee: from a balance to the pool. */
export function payPool(store: StateStore, from: Uint8Array, amount: bigint): void {
  payIn(store, from, 'pool', amount)
}

/** Emission: new money that is held. The caller adds it to the host's held sum. */
export function mintHeld(store: StateStore, amount: bigint): void {
  changeSupply(store, { minted: amount, held: amount })
}

/** Pays out of a place to a balance. The caller takes it from the host's record. */
export function payOut(store: StateStore, place: Place, to: Uint8Array, amount: bigint): void {
  changeBalance(store, to, amount)
  changeSupply(store, { [place]: -amount, balances: amount })
}

export function moveHeldToBond(store: StateStore, amount: bigint): void {
  changeSupply(store, { held: -amount, bonds: amount })
}

export function moveToPool(store: StateStore, place: Exclude<Place, 'pool'>, amount: bigint): void {
  movePlace(store, place, 'pool', amount)
}

/** Between two places. The caller changes the records on both sides. */
export function movePlace(store: StateStore, from: Place, to: Place, amount: bigint): void {
  if (from !== to) {
    changeSupply(store, { [from]: -amount, [to]: amount })
  }
}

/** From a balance into a place. The caller writes what receives it. @throws CodedError `negative_amount`: callers check first. */
export function payIn(store: StateStore, from: Uint8Array, place: Place, amount: bigint): void {
  changeBalance(store, from, -amount)
  changeSupply(store, { balances: -amount, [place]: amount })
}

export function burnFrom(store: StateStore, place: Place, amount: bigint): void {
  changeSupply(store, { [place]: -amount, burned: amount })
}

export function burnFromPool(store: StateStore, amount: bigint): void {
  burnFrom(store, 'pool', amount)
}

function changeBalance(store: StateStore, address: Uint8Array, difference: bigint): void {
  const key = balanceKey(address)
  const next = getAmount(store, key) + difference
  if (next < 0n) {
    throw new CodedError('negative_amount', 'a balance would fall below zero')
  }
  setAmount(store, key, next)
}

function changeSupply(store: StateStore, differences: Partial<Supply>): void {
  const supply = readSupply(store)
  const next = (name: keyof Supply): string => {
    const amount = supply[name] + (differences[name] ?? 0n)
    if (amount < 0n) {
      throw new CodedError('negative_amount', 'a total would fall below zero', { fields: { name } })
    }
    return amount.toString()
  }
  setRecord(store, SUPPLY_KEY, SupplyState, {
    genesis: next('genesis'),
    minted: next('minted'),
    burned: next('burned'),
    balances: next('balances'),
    held: next('held'),
    bonds: next('bonds'),
    pool: next('pool'),
    escrows: next('escrows'),
  })
}
