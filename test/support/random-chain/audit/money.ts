import { contentOf } from '../../../../src/chain/state/work/escrows.ts'
import { toHex } from '../../../../src/lib/bytes.ts'
import { sumBigint } from '../../../../src/lib/fixed-point.ts'
import type { StateView } from './state-view.ts'

/** Every unit, counted entry by entry. */
export function* moneyFaults(view: StateView): Generator<string> {
  const [supply] = view.rows('supply').map(({ value }) => value)
  const hosts = view.rows('host')
  const escrows = view.rows('escrow').map(({ value }) => value)
  const amounts = Object.entries(supply ?? {}).map(([name, amount]) => [name, BigInt(amount)] as const)
  const of = (name: string): bigint => amounts.find(([one]) => one === name)?.[1] ?? 0n
  for (const [name, amount] of amounts) {
    if (amount < 0n) {
      yield `${name} is ${amount}`
    }
  }
  const placed = {
    balances: sumBigint(view.rows('balance').map(({ value }) => value)),
    held: sumBigint(hosts.map(({ value }) => BigInt(value.held))),
    bonds: sumBigint(hosts.map(({ value }) => BigInt(value.bond))),
    escrows: sumBigint(escrows.map(contentOf)),
    pool: of('pool'),
  }
  const total = sumBigint(Object.values(placed))
  const issued = of('genesis') + of('minted') - of('burned')
  if (total !== issued) {
    yield `${total} utail lie somewhere, ${issued} were issued`
  }
  for (const [place, amount] of Object.entries(placed)) {
    if (amount !== of(place)) {
      yield `${place}: the entries hold ${amount}, the total says ${of(place)}`
    }
  }
  yield* hostMoneyFaults(view)
  yield* escrowFaults(view)
}

function* hostMoneyFaults(view: StateView): Generator<string> {
  const heldOf = new Map<string, bigint>()
  for (const { fields, value } of view.rows('held')) {
    const [owner = ''] = fields
    heldOf.set(owner, (heldOf.get(owner) ?? 0n) + value)
  }
  for (const { id: owner, value: host } of view.rows('host')) {
    const [held, bond] = [BigInt(host.held), BigInt(host.bond)]
    if (held < 0n || bond < 0n || BigInt(host.released) < 0n || BigInt(host.weight) < 0n) {
      yield `host ${owner}: held ${held}, bond ${bond}, weight ${host.weight}`
    }
    if (held !== (heldOf.get(owner) ?? 0n)) {
      yield `host ${owner}: ${held} held, its epochs hold ${heldOf.get(owner) ?? 0n}`
    }
    heldOf.delete(owner)
    const totals = view.get('ledgerTotals', owner)
    const [inflow, credited, bonded, lost, lostBond] = (
      totals === undefined
        ? ['0', '0', '0', '0', '0']
        : [totals.held, totals.credited, totals.bonded, totals.debitedHeld, totals.debitedBond]
    ).map(BigInt) as [bigint, bigint, bigint, bigint, bigint]
    if (inflow - credited - bonded - lost !== held || bonded - lostBond !== bond) {
      yield `host ${owner}: its ledger does not add up to ${held} held and ${bond} bond`
    }
  }
  for (const [owner, amount] of heldOf) {
    yield `${amount} held of ${owner}, who is no host`
  }
}

function* escrowFaults(view: StateView): Generator<string> {
  for (const { id, value: escrow } of view.rows('escrow')) {
    const content = contentOf(escrow)
    if (content < 0n || escrow.guarantee < 0n || escrow.guarantee > content) {
      yield `escrow ${id}: content ${content}, guarantee ${escrow.guarantee}`
    }
    if (escrow.closed && content !== 0n) {
      yield `escrow ${id}: closed with ${content} in it`
    }
    if (toHex(escrow.payer) !== id) {
      yield `escrow ${id} names another payer`
    }
  }
}
