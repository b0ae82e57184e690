/**
 * What a block does to consensus beside the settle: who missed the block before it, who is proven to have broken consensus, who
 * loses all power at once, and what the engine is told. Read next: liveness.ts, misbehaviour.ts, removals.ts; settle-power.ts.
 */
import { compareBytes, equalBytes } from '../../lib/bytes.ts'
import type { BlockInput, ValidatorUpdate } from '../application.ts'
import type { BlockContext } from '../context.ts'
import { keepAppHash } from '../state/consensus/presence.ts'
import { listValidators, readConsensus, updateConsensus, updateValidator } from '../state/consensus/validators.ts'
import { enginePower, engineShift } from './engine-power.ts'
import { countCommit } from './liveness.ts'
import { punishMisbehaviour } from './misbehaviour.ts'
import { removeAtOnce } from './removals.ts'
import { turnRotation } from './rotation-record.ts'

/** Before the epoch's work, so that a settle in this block sees it. */
export function openConsensus(context: BlockContext, input: BlockInput): void {
  if (input.lastCommit !== undefined) {
    countCommit(context, input.lastCommit)
  }
  punishMisbehaviour(context, input.misbehaviour ?? [])
}

/** After the epoch's work. Returns what the engine has to change; in force two blocks later. */
export function closeConsensus(context: BlockContext, input: BlockInput): ValidatorUpdate[] {
  const { store, height } = context
  removeAtOnce(context)
  const changes = changedPowers(context)
  turnRotation(store, height, changes)
  keepAppHash(store, height - 1, context.lastAppHash)
  if (!equalBytes(readConsensus(store).lastProposer, input.proposer)) {
    updateConsensus(store, { lastProposer: input.proposer })
  }
  return changes
    .map(({ consensusKey, power }) => ({ consensusKey, power }))
    .sort((a, b) => compareBytes(a.consensusKey, b.consensusKey))
}

interface Change extends ValidatorUpdate {
  readonly address: Uint8Array
}

/** Keys whose power, as the engine counts it, is another than the engine was told last. */
function changedPowers({ store }: BlockContext): Change[] {
  const validators = listValidators(store)
  const shift = engineShift(validators.map(({ record }) => BigInt(record.power)))
  if (shift !== readConsensus(store).shift) {
    updateConsensus(store, { shift })
  }
  const changes: Change[] = []
  for (const { address, record } of validators) {
    const power = enginePower(BigInt(record.power), shift)
    if (power !== record.enginePower) {
      updateValidator(store, address, { enginePower: power })
      changes.push({ address, consensusKey: record.consensusKey, power })
    }
  }
  return changes
}
