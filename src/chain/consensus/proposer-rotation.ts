/**
 * Whose turn it is to propose: CometBFT's weighted rotation (its specification "Proposer selection procedure"), in bigint where
 * CometBFT has int64 that never clips within its bound of total power. Pure: a set in, a set out, so that the state machine knows
 * the proposer of each round of each height as the engine does.
 * Invariant: entries stand in CometBFT's order, power descending, then address ascending; test/vectors/proposer-rotation.json
 * holds sequences that CometBFT itself produced. Read next: rotation-record.ts.
 */
import { compareBytes } from '../../lib/bytes.ts'
import { sumBigint } from '../../lib/fixed-point.ts'

export interface RotationMember {
  /** Consensus address, 20 bytes. */
  readonly address: Uint8Array
  readonly power: bigint
  readonly priority: bigint
}

export interface RotationSet {
  readonly members: readonly RotationMember[]
  /** Of the round that this set stands for; undefined in an empty set. */
  readonly proposer: Uint8Array | undefined
}

export interface PowerChange {
  readonly address: Uint8Array
  /** 0 removes. */
  readonly power: bigint
}

/** Distance between priorities, in totals of power, above which they are scaled down. */
const WINDOW = 2n

/** A new chain's set: round 0 of its first height. */
export function createRotation(changes: readonly PowerChange[]): RotationSet {
  return advance(applyChanges({ members: [], proposer: undefined }, changes))
}

/** The next height's set, or the next round's. */
export function advance(set: RotationSet): RotationSet {
  if (set.members.length === 0) {
    return set
  }
  const total = sumBigint(set.members.map(({ power }) => power))
  const moved = centred(rescaled(set.members, WINDOW * total)).map((member) => ({
    ...member,
    priority: member.priority + member.power,
  }))
  const [first, ...others] = moved as [RotationMember, ...RotationMember[]]
  const proposer = others.reduce((best, member) => (isBefore(member, best) ? member : best), first)
  return {
    members: moved.map((member) => (member === proposer ? { ...member, priority: member.priority - total } : member)),
    proposer: proposer.address,
  }
}

/** Changes of power. Who is new starts far behind, so leaving and coming back wins no turn. */
export function applyChanges(set: RotationSet, changes: readonly PowerChange[]): RotationSet {
  if (changes.length === 0) {
    return set
  }
  const removed = changes.filter(({ power }) => power === 0n)
  const updates = changes.filter(({ power }) => power > 0n)
  const untouched = set.members.filter((member) => !updates.some((update) => isSame(update, member)))
  // CometBFT counts what is to be removed when it places newcomers.
  const total = sumBigint([...untouched, ...updates].map(({ power }) => power))
  const start = -(total + (total >> 3n))
  const updated = updates.map(({ address, power }) => {
    const before = set.members.find((member) => isSame(member, { address }))
    return { address, power, priority: before?.priority ?? start }
  })
  const members = [...untouched, ...updated].filter((member) => !removed.some((change) => isSame(change, member)))
  const after = sumBigint(members.map(({ power }) => power))
  return {
    members: centred(rescaled(members, WINDOW * after)).sort(byPower),
    proposer: set.proposer,
  }
}

function isSame(a: { readonly address: Uint8Array }, b: { readonly address: Uint8Array }): boolean {
  return compareBytes(a.address, b.address) === 0
}

function isBefore(a: RotationMember, b: RotationMember): boolean {
  return a.priority === b.priority ? compareBytes(a.address, b.address) < 0 : a.priority > b.priority
}

function byPower(a: RotationMember, b: RotationMember): number {
  return a.power === b.power ? compareBytes(a.address, b.address) : a.power > b.power ? -1 : 1
}

/** bigint division rounds toward zero, as Go's does. */
function rescaled(members: readonly RotationMember[], window: bigint): RotationMember[] {
  const priorities = members.map(({ priority }) => priority)
  const greatest = priorities.reduce((a, b) => (a > b ? a : b), priorities[0] ?? 0n)
  const least = priorities.reduce((a, b) => (a < b ? a : b), priorities[0] ?? 0n)
  const distance = greatest - least
  if (window <= 0n || distance <= window) {
    return [...members]
  }
  const ratio = (distance + window - 1n) / window
  return members.map((member) => ({ ...member, priority: member.priority / ratio }))
}

/** Go's big.Int.Div is Euclidean: the average of negative priorities is rounded down. */
function centred(members: readonly RotationMember[]): RotationMember[] {
  const count = BigInt(members.length)
  const sum = sumBigint(members.map(({ priority }) => priority))
  const rest = count === 0n ? 0n : ((sum % count) + count) % count
  const average = count === 0n ? 0n : (sum - rest) / count
  return members.map((member) => ({ ...member, priority: member.priority - average }))
}
