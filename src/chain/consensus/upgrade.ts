import { CodedError } from '../../lib/coded-error.ts'
import { sumBigint } from '../../lib/fixed-point.ts'
import type { StateStore, UpgradePlan } from '../application.ts'
import type { BlockContext } from '../context.ts'
import type { Migration } from '../migrations.ts'
import { migrateState } from '../migrations.ts'
import {
  listUpgradeVotes,
  readUpgradePlan,
  removeUpgradePlan,
  removeUpgradeVotes,
  writeUpgradePlan,
} from '../state/consensus/upgrades.ts'
import { isUsable, listValidators, readConsensus, updateConsensus } from '../state/consensus/validators.ts'
import { validatorText } from './validator-text.ts'

/** Upgrades by height and version, accepted by more than two thirds of the consensus power (docs/decisions/0020-consensus-power.md). */
export function acceptedPlan(store: StateStore): UpgradePlan | undefined {
  const plan = readUpgradePlan(store)
  return plan === undefined ? undefined : { height: plan.height, version: plan.version, name: plan.name }
}

/** Whether the votes as they stand changed the plan: a new one, another, or none any more. */
export function countUpgradeVotes(context: BlockContext): boolean {
  const { store } = context
  const usable = listValidators(store).filter(({ record }) => isUsable(record))
  const powers = new Map(usable.map(({ address, record }) => [validatorText(address), BigInt(record.power)]))
  const total = sumBigint(powers.values())
  const behind = new Map<string, bigint>()
  const votes = listUpgradeVotes(store)
  for (const { validator, vote } of votes) {
    const power = powers.get(validatorText(validator)) ?? 0n
    behind.set(nameOf(vote), (behind.get(nameOf(vote)) ?? 0n) + power)
  }
  const chosen = votes.find(({ vote }) => 3n * (behind.get(nameOf(vote)) ?? 0n) > 2n * total)?.vote
  const plan = readUpgradePlan(store)
  if (chosen === undefined || nameOf(chosen) === nameOf(plan ?? NO_PLAN)) {
    return false
  }
  if (chosen.height === 0n) {
    removeUpgradePlan(store)
    context.emit('upgrade_withdrawn', { height: plan?.height ?? 0n })
    return true
  }
  if (chosen.height <= BigInt(context.height)) {
    return false
  }
  writeUpgradePlan(store, { ...chosen, acceptedHeight: BigInt(context.height) })
  context.emit('upgrade_accepted', { height: chosen.height, version: chosen.version, name: chosen.name })
  return true
}

const NO_PLAN = { height: 0n, version: 0, name: '' }

function nameOf({ height, version, name }: UpgradePlan): string {
  return `${height}/${version}/${name}`
}

/**
 * Whether this program executes the block of this height; writes nothing.
 * @throws CodedError `upgrade_needed` [height, version, name] where it is too old, `upgrade_too_early` [version] where too new.
 */
export function requireVersion(store: StateStore, height: bigint, programVersion: number): void {
  const plan = acceptedPlan(store)
  const due = plan !== undefined && plan.height <= height ? plan : undefined
  // Without a genesis no version is in force; that no block follows then is judged elsewhere.
  const needed = (due?.version ?? readConsensus(store).appVersion) || programVersion
  if (programVersion < needed) {
    const fields = { height: height.toString(), version: needed.toString(), name: due?.name ?? '' }
    throw new CodedError('upgrade_needed', `block ${height} needs version ${needed} of the application`, { fields })
  }
  if (programVersion > needed) {
    const fields = { height: height.toString(), version: needed.toString() }
    throw new CodedError('upgrade_too_early', `block ${height} is still of version ${needed} of the application`, {
      fields,
    })
  }
}

/** At the beginning of the block that an accepted plan names: the version now in force, or undefined in every other block. */
export function beginUpgrade(
  store: StateStore,
  height: bigint,
  migrations: readonly Migration[],
): UpgradePlan | undefined {
  const plan = acceptedPlan(store)
  if (plan === undefined || plan.height > height) {
    return undefined
  }
  migrateState(store, migrations, readConsensus(store).appVersion, plan.version)
  updateConsensus(store, { appVersion: plan.version })
  removeUpgradePlan(store)
  removeUpgradeVotes(store)
  return plan
}
