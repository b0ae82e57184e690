/** Why each unit was earned or not: from nothing at all to a ledger of a thousand entries. */
import type { LedgerEntryWire, LedgerTotalsWire, ScreenSnapshot } from '../../../../src/ipc/snapshot.ts'
import { RECENT_ENTRIES } from '../../../../src/ipc/snapshot.ts'
import { idleSnapshot } from '../sample-snapshot.ts'
import type { Scene } from '../scene.ts'
import { CREDITED, entry, epochAt, JOINED } from './race-scenes.ts'
import { WORK } from './work-scenes.ts'

/** The totals that a chain would keep of these entries. */
export function totalsOf(entries: readonly LedgerEntryWire[]): LedgerTotalsWire {
  const sum = (isOf: (entry: LedgerEntryWire) => boolean) =>
    entries
      .filter(isOf)
      .reduce((total, { amount }) => total + BigInt(amount), 0n)
      .toString()
  return {
    lastSequence: entries.reduce((most, { sequence }) => (Number(sequence) > Number(most) ? sequence : most), '0'),
    held: sum(({ kind }) => kind === 'hold'),
    credited: sum(({ kind }) => kind === 'credit'),
    bonded: sum(({ kind }) => kind === 'bond'),
    debitedHeld: sum(({ kind, reason }) => kind === 'debit' && reason !== 'slashed_bond'),
    debitedBond: sum(({ kind, reason }) => kind === 'debit' && reason === 'slashed_bond'),
  }
}

type Line = readonly [kind: LedgerEntryWire['kind'], amount: number, reason: string]

/** What one epoch of a host that races, serves and checks writes; some epochs go wrong. */
function linesOf(epoch: number): readonly Line[] {
  const emission = 41_000_000 + ((epoch * 7_919) % 23) * 900_000 + (epoch % 7)
  const income = 9_000_000 + ((epoch * 104_729) % 17) * 1_310_000
  const kept = Math.floor((emission + income) * 0.04)
  if (epoch % 11 === 5) {
    return [['zero', 0, 'too_few_finds']]
  }
  return [
    ['weight', 53_687_091_200, 'race_verified'],
    ['hold', income, 'order_income'],
    ['debit', Math.floor(income / 20), 'order_burn'],
    ['debit', 310_000, 'check_fee'],
    ['hold', 2_600_000 + (epoch % 5) * 700_000, 'check_reward'],
    ...(epoch % 13 === 9
      ? ([
          ['debit', Math.floor(income / 3), 'opening_withheld'],
          ['debit', Math.floor(income / 3), 'withheld_penalty'],
        ] as const)
      : []),
    ['hold', emission, 'emission_share'],
    ['bond', kept, 'bond_kept'],
    ['credit', emission - kept, 'hold_released'],
  ]
}

/** Ascending. */
export function longLedger(length: number): readonly LedgerEntryWire[] {
  const entries: LedgerEntryWire[] = []
  for (let epoch = 3; entries.length < length; epoch++) {
    for (const [kind, amount, reason] of linesOf(epoch)) {
      entries.push(entry(entries.length + 1, epoch, kind, String(amount), reason))
    }
  }
  return entries.slice(0, length)
}

/** A snapshot whose standing is what these entries (ascending) add up to. */
export function withLedger(snapshot: ScreenSnapshot, ascending: readonly LedgerEntryWire[]): ScreenSnapshot {
  const totals = totalsOf(ascending)
  const bond = BigInt(totals.bonded) - BigInt(totals.debitedBond)
  const held = BigInt(totals.held) - BigInt(totals.credited) - BigInt(totals.bonded) - BigInt(totals.debitedHeld)
  const newest = ascending.at(-1)
  return {
    ...snapshot,
    ledger: ascending.slice(-RECENT_ENTRIES).reverse(),
    ledgerTotals: totals,
    balance: totals.credited,
    epoch: newest === undefined ? snapshot.epoch : epochAt((newest.epoch + 1) * 40 + 26, 'serve'),
    standing:
      snapshot.standing === null
        ? null
        : { ...snapshot.standing, held: held.toString(), bond: bond.toString(), credited: totals.credited },
  }
}

const MANY = longLedger(190)
const THOUSAND = longLedger(1_000)

export const WHY_SCENES: readonly Scene[] = [
  {
    name: '50-why-earning',
    page: 'why',
    snapshot: withLedger(
      { ...CREDITED, work: { ...WORK, idleReason: { code: 'checks_open', fields: { batches: 2 } } } },
      MANY,
    ),
    ledger: MANY,
  },
  {
    name: '51-why-nothing',
    page: 'why',
    snapshot: { ...idleSnapshot(), work: { ...WORK, services: [], idleReason: { code: 'not_joined', fields: {} } } },
  },
  {
    name: '52-why-no-weight',
    page: 'why',
    snapshot: { ...JOINED, work: { ...WORK, idleReason: { code: 'no_weight', fields: { nextRaceBlocks: 9 } } } },
  },
  { name: '53-why-first', page: 'why', snapshot: CREDITED, ledger: [...CREDITED.ledger].reverse() },
  {
    name: '54-why-thousand',
    page: 'why',
    snapshot: withLedger({ ...CREDITED, work: WORK }, THOUSAND),
    ledger: THOUSAND,
  },
  {
    name: '55-why-comparing',
    page: 'why',
    snapshot: {
      ...CREDITED,
      standing: CREDITED.standing && { ...CREDITED.standing, held: '61834901' },
      work: {
        ...WORK,
        idleReason: { code: 'model_unavailable', fields: { model: 'whale-0.9m', error: 'storage_full' } },
      },
    },
    ledger: [...CREDITED.ledger].reverse(),
  },
]
