import { equalBytes } from '../../lib/bytes.ts'
import type { Misbehaviour } from '../application.ts'
import type { BlockContext } from '../context.ts'
import { convict } from '../judgement/conviction.ts'
import { readValidator } from '../state/chain-status.ts'
import { isUsable, listValidators } from '../state/consensus/validators.ts'
import { loseAllPower } from './lose-power.ts'
import { validatorText } from './validator-text.ts'

/**
 * Keys that CometBFT's evidence proves to have broken consensus: no power from now on, and never again. Their hosts are convicted,
 * and what other keys these hosts have meanwhile go to jail.
 */
export function punishMisbehaviour(context: BlockContext, found: readonly Misbehaviour[]): void {
  for (const { kind, address, height } of found) {
    const record = readValidator(context.store, address)
    if (record === undefined || record.tombstoned) {
      continue
    }
    loseAllPower(context, address, 'tombstoned', { tombstoned: true })
    context.emit('validator_tombstoned', { validator: validatorText(address), kind, height })
    if (record.owner.length > 0) {
      convictHost(context, record.owner)
    }
  }
}

function convictHost(context: BlockContext, host: Uint8Array): void {
  for (const { address, record } of listValidators(context.store)) {
    if (equalBytes(record.owner, host) && isUsable(record)) {
      loseAllPower(context, address, 'jailed', { jailed: true })
    }
  }
  const code = 'double_sign'
  convict(context, { host, code, faultEpoch: context.epoch.epoch, evidenceTx: '', finder: undefined })
}
