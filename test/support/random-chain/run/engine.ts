import type { StateStore, ValidatorUpdate } from '../../../../src/chain/application.ts'
import { listValidators } from '../../../../src/chain/state/consensus/validators.ts'
import { toHex } from '../../../../src/lib/bytes.ts'
import { consensusAddress } from '../../../../src/protocol/consensus-key.ts'
import type { StateView } from '../audit/state-view.ts'
import { Broken } from '../broken.ts'

/**
 * What CometBFT does with validator updates, and what it does not forgive: a key twice, a key removed that it does not know, a set
 * without anybody, a total above its bound. Updates of block h are in force in block h + 2.
 */
export interface Engine {
  /** The set that signs this height, in CometBFT's order. */
  setOf(height: number): readonly EngineValidator[]
  /** @throws Broken where CometBFT would stop. */
  apply(height: number, updates: readonly ValidatorUpdate[]): void
  /** What it was told last. */
  newest(): ReadonlyMap<string, bigint>
}

export interface EngineValidator {
  /** Consensus address, hex. */
  readonly address: string
  readonly power: bigint
}

const PROPERTY = 'the engine can apply what it is told'
/** MaxTotalVotingPower: 2^63 / 8. */
const MOST_POWER = 1n << 60n
const DELAY = 2

export function createEngine(height: number, store: StateStore): Engine {
  const told = new Map(
    listValidators(store)
      .filter(({ record }) => record.enginePower > 0n)
      .map(({ address, record }) => [toHex(address), record.enginePower]),
  )
  const sets = new Map<number, readonly EngineValidator[]>()
  // No scene begins with a set that is about to change.
  for (const ahead of [0, 1]) {
    sets.set(height + ahead, ordered(told))
  }
  return {
    setOf: (at) => sets.get(at) ?? [...sets.values()][0] ?? [],
    apply(at, updates) {
      change(told, updates)
      sets.set(at + DELAY, ordered(told))
      if (!sets.has(at + 1)) {
        sets.set(at + 1, ordered(told))
      }
    },
    newest: () => told,
  }
}

function change(told: Map<string, bigint>, updates: readonly ValidatorUpdate[]): void {
  const named = updates.map(({ consensusKey }) => toHex(consensusKey))
  if (named.some((key, index) => index > 0 && (named[index - 1] as string) >= key)) {
    throw new Broken(PROPERTY, 'keys are not in order, or one stands twice')
  }
  for (const { consensusKey, power } of updates) {
    const address = toHex(consensusAddress(consensusKey))
    if (power < 0n || (power === 0n && !told.has(address))) {
      throw new Broken(PROPERTY, `${address} is removed, and the engine does not know it`)
    }
    if (power === 0n) {
      told.delete(address)
    } else {
      told.set(address, power)
    }
  }
  const total = [...told.values()].reduce((sum, power) => sum + power, 0n)
  if (told.size === 0 || total > MOST_POWER) {
    throw new Broken(PROPERTY, `${told.size} validators with ${total} power`)
  }
}

function ordered(told: ReadonlyMap<string, bigint>): EngineValidator[] {
  return [...told]
    .map(([address, power]) => ({ address, power }))
    .sort((a, b) => (a.power === b.power ? (a.address < b.address ? -1 : 1) : a.power > b.power ? -1 : 1))
}

/** The state knows what the engine was told. */
export function judgeEngine(engine: Engine, view: StateView): void {
  const told = engine.newest()
  const known = view.rows('validator').filter(({ value }) => value.enginePower > 0n)
  for (const { id, value } of known) {
    if (told.get(id) !== value.enginePower) {
      throw new Broken(PROPERTY, `${id} has ${value.enginePower} in the state, ${told.get(id)} in the engine`)
    }
  }
  if (known.length !== told.size) {
    throw new Broken(PROPERTY, `${known.length} keys have power in the state, ${told.size} in the engine`)
  }
}
