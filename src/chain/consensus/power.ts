/**
 * Consensus power at a settle: keys with the weight behind them in, keys with their power and the reason for each unit of
 * difference out. A pure function of its input; the order of the keys does not matter. Rules and their reasons:
 * docs/decisions/0020-consensus-power.md.
 * Invariants: power = own + carried + Σ differences for each key; all rises together are at most churnPpm of what the falls left;
 * no key falls by more than fallPpm, but for dust; some key keeps power; at most maxKeys have some where no more had before.
 * Read next: settle-power.ts (from records and back), engine-power.ts (what CometBFT is told), removals.ts (between settles).
 */
import { compareBytes } from '../../lib/bytes.ts'
import { ceilDiv, maxBigint, minBigint, mulDiv, PPM, sumBigint } from '../../lib/fixed-point.ts'
import type { ConsensusParams } from '../../protocol/consensus/consensus-params.ts'
import type { PowerReason } from '../../protocol/consensus/validator-reasons.ts'
import { apportion } from './apportion.ts'
import { shareCap } from './share-cap.ts'

export interface PowerKey {
  /** Consensus address: the order in which ties are broken. */
  readonly address: Uint8Array
  /** Before this settle, in units of weight. */
  readonly power: bigint
  /** Power of the key that this one replaced and that it may take over; else 0. */
  readonly inherited: bigint
  /** Weight of its own host. */
  readonly own: bigint
  /** Weight of the hosts that it carries. */
  readonly carried: bigint
  /** Of a key without a host: the power that it keeps for now. Undefined for all others. */
  readonly entitled: bigint | undefined
  /** Why the key may have no power. */
  readonly held: 'jailed' | 'tombstoned' | 'retired' | undefined
  /** Whether it posted enough heartbeats to gain. */
  readonly beats: boolean
}

export type PowerParams = Pick<ConsensusParams, 'churnPpm' | 'fallPpm' | 'maxPowerSharePpm' | 'maxKeys'>

export interface PowerInput {
  readonly keys: readonly PowerKey[]
  /** Of all hosts, carried or not; above 0. */
  readonly totalWeight: bigint
  readonly params: PowerParams
}

/** A signed part of power − (own + carried); never 0. */
export interface Difference {
  readonly reason: PowerReason
  readonly amount: bigint
}

export interface KeyPower {
  readonly address: Uint8Array
  readonly power: bigint
  readonly differences: readonly Difference[]
}

const CARRIED_CAP_PPM = 100_000n
/** 1.5 in parts per million, of which each key has its part. */
const CARRIED_SHARE_PPM = 1_500_000n
/** A power without a target is gone when it is less than one of so many parts of all power. */
const DUST_PARTS = 10_000n

interface Draft {
  readonly key: PowerKey
  readonly differences: Difference[]
  target: bigint
  next: bigint
}

/** By address. */
export function computePower({ keys, totalWeight, params }: PowerInput): KeyPower[] {
  const before = sumBigint(keys.map(({ power }) => power))
  const cap = carriedCap(totalWeight, keys)
  const drafts = [...keys].sort((a, b) => compareBytes(a.address, b.address)).map((key) => draftOf(key, cap))
  boundSet(drafts, before, params)
  capShares(drafts, params)
  for (const draft of drafts) {
    fall(draft, before, params)
  }
  rise(drafts, params)
  keepLast(drafts)
  return drafts.map(({ key, next, differences }) => ({ address: key.address, power: next, differences }))
}

/** Carried weight of one key that counts: max(10 %, 1.5 / keys) of all weight; keys are those with weight of their own. */
export function carriedCap(totalWeight: bigint, keys: readonly Pick<PowerKey, 'own' | 'held'>[]): bigint {
  const count = keys.filter(({ own, held }) => own > 0n && held === undefined).length
  const equal = count === 0 ? 0n : ceilDiv(CARRIED_SHARE_PPM, BigInt(count))
  return mulDiv(totalWeight, maxBigint(CARRIED_CAP_PPM, equal), PPM)
}

/**
 * The total that the next settle is compared with: the present one, but at most twice and at least half of the last. If it jumped,
 * one huge race would freeze the set for as long as it likes; if it stood still, a network that shrinks would freeze for good.
 */
export function nextReference(reference: bigint, totalWeight: bigint): bigint {
  return maxBigint(ceilDiv(reference, 2n), minBigint(totalWeight, 2n * reference))
}

/** Whether too little of the last weight is there to go by. */
export function isTooLow(reference: bigint, totalWeight: bigint): boolean {
  return 4n * totalWeight < reference
}

function draftOf(key: PowerKey, cap: bigint): Draft {
  const draft: Draft = { key, differences: [], target: key.own + key.carried, next: key.power }
  lower(draft, 'carried_over_cap', minBigint(draft.target, key.own + cap))
  const entitled = key.entitled ?? 0n
  draft.target += entitled
  note(draft, 'entitled', entitled)
  if (key.held !== undefined) {
    lower(draft, key.held, 0n)
  }
  return draft
}

/** Only the greatest targets count, and new keys enter only where the set has room: those that leave it leave slowly. */
function boundSet(drafts: readonly Draft[], before: bigint, params: PowerParams): void {
  const ranked = drafts.filter(({ target }) => target > 0n).sort(byTarget)
  for (const draft of ranked.slice(params.maxKeys)) {
    lower(draft, 'set_full', 0n)
  }
  const staying = drafts.filter((draft) => draft.key.power > 0n && fallen(draft, before, params) > 0n)
  const entering = ranked.filter(({ key, target }) => key.power === 0n && target > 0n)
  const room = params.maxKeys - staying.length
  for (const draft of entering.slice(room > 0 ? room : 0)) {
    lower(draft, 'set_full', 0n)
  }
}

function byTarget(a: Draft, b: Draft): number {
  return a.target === b.target ? compareBytes(a.key.address, b.key.address) : a.target > b.target ? -1 : 1
}

/** Keys that are entitled to their power without weight are not cut: others are to grow beside them. */
function capShares(drafts: readonly Draft[], params: PowerParams): void {
  const cut = drafts.filter(({ key }) => key.entitled === undefined)
  const fixed = drafts.filter(({ key }) => key.entitled !== undefined).map(({ target }) => target)
  const cap = shareCap(
    cut.map(({ target }) => target),
    fixed,
    params.maxPowerSharePpm,
  )
  for (const draft of cut) {
    lower(draft, 'share_cap', minBigint(draft.target, cap))
  }
}

function fall(draft: Draft, before: bigint, params: PowerParams): void {
  const { key, target } = draft
  if (key.power <= target) {
    return
  }
  const slow = slowest(draft, params)
  note(draft, 'fall_limit', slow - target)
  draft.next = fallen(draft, before, params)
  note(draft, 'dust', draft.next - slow)
}

/** As far as a key may fall; what a key is entitled to shrinks by a plan of its own. */
function slowest({ key, target }: Draft, params: PowerParams): bigint {
  const limit = key.power - ceilDiv(key.power * BigInt(params.fallPpm), PPM)
  return key.entitled === undefined ? maxBigint(target, limit) : target
}

/** What a fall leaves. */
function fallen(draft: Draft, before: bigint, params: PowerParams): bigint {
  const slow = slowest(draft, params)
  return draft.target === 0n && slow * DUST_PARTS < before ? 0n : minBigint(draft.key.power, slow)
}

/** What a replaced key had comes back beside the limit: the network has known that power. */
function rise(drafts: readonly Draft[], params: PowerParams): void {
  const room = mulDiv(sumBigint(drafts.map(({ next }) => next)), BigInt(params.churnPpm), PPM)
  const rising = drafts.filter(({ next, target }) => next < target)
  for (const draft of rising.filter(({ key }) => !key.beats)) {
    note(draft, 'no_heartbeats', draft.next - draft.target)
  }
  const able = rising.filter(({ key }) => key.beats)
  for (const draft of able) {
    draft.next = maxBigint(draft.next, minBigint(draft.key.inherited, draft.target))
  }
  const wanted = able.map(({ next, target }) => target - next)
  const gained = sumBigint(wanted) <= room ? wanted : apportion(room, wanted)
  for (const [index, draft] of able.entries()) {
    draft.next += gained[index] as bigint
    note(draft, 'churn_limit', draft.next - draft.target)
  }
}

function keepLast(drafts: readonly Draft[]): void {
  const [first, ...others] = drafts
  if (first === undefined || drafts.some(({ next }) => next > 0n)) {
    return
  }
  const last = others.reduce((best, draft) => (draft.key.power > best.key.power ? draft : best), first)
  note(last, 'last_validator', last.key.power)
  last.next = last.key.power
}

/** Brings the target down to `target`. */
function lower(draft: Draft, reason: PowerReason, target: bigint): void {
  note(draft, reason, target - draft.target)
  draft.target = target
}

function note(draft: Draft, reason: PowerReason, amount: bigint): void {
  if (amount !== 0n) {
    draft.differences.push({ reason, amount })
  }
}
