import { bytesToBigint } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import { sumBigint } from '../lib/fixed-point.ts'
import type { StateStore } from './application.ts'
import { readSupply } from './state/bank.ts'
import { listHosts, readHostTotals } from './state/hosts.ts'
import { balanceRange, heldRange } from './state/keys.ts'
import { contentOf, listEscrows } from './state/work/escrows.ts'

/**
 * The sum of the network, after every block: genesis + minted − burned = balances + held + bonds + pool + escrows. The running
 * totals make it a constant amount of work; `recountViolation` compares them with the entries themselves.
 * @throws CodedError `invariant_broken`: the block is not committed, the node stops.
 */
export function assertSupply(store: StateStore): void {
  const supply = readSupply(store)
  const issued = supply.genesis + supply.minted - supply.burned
  const placed = supply.balances + supply.held + supply.bonds + supply.pool + supply.escrows
  if (issued !== placed) {
    throw new CodedError('invariant_broken', 'the supply is not conserved', {
      fields: { issued: issued.toString(), placed: placed.toString() },
    })
  }
}

/** A full recount, for tests: which total differs from what the entries add up to, or undefined. */
export function recountViolation(store: StateStore): string | undefined {
  const supply = readSupply(store)
  const hosts = listHosts(store)
  const totals = readHostTotals(store)
  const balances = balanceRange()
  const heldEntries = hosts.flatMap(({ owner }) => amounts(store, heldRange(owner)))
  const escrows = listEscrows(store)
  const conditions: readonly (readonly [boolean, string])[] = [
    [sumBigint(amounts(store, balances)) === supply.balances, 'balances'],
    [sumBigint(hosts.map((host) => BigInt(host.held))) === supply.held, 'held'],
    [sumBigint(heldEntries) === supply.held, 'held entries'],
    [sumBigint(hosts.map((host) => BigInt(host.bond))) === supply.bonds, 'bonds'],
    [sumBigint(hosts.map((host) => BigInt(host.weight))) === totals.weight, 'weight'],
    [hosts.length === totals.hosts, 'hosts'],
    [sumBigint(escrows.map(contentOf)) === supply.escrows, 'escrows'],
    [escrows.every((escrow) => contentOf(escrow) >= 0n && escrow.guarantee >= 0n), 'an escrow below zero'],
    [escrows.every((escrow) => !escrow.closed || contentOf(escrow) === 0n), 'a closed escrow'],
  ]
  return conditions.find(([holds]) => !holds)?.[1]
}

function amounts(store: StateStore, range: { from: Uint8Array; to: Uint8Array }): bigint[] {
  return [...store.range(range.from, range.to)].map(([, value]) => bytesToBigint(value))
}
