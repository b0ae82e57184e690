import { u64be } from '../../../lib/bytes.ts'
import type { KeyRange } from '../key-space.ts'
import { stateKey, stateRange } from '../key-space.ts'

/** Keys of consensus power and upgrades. A validator is named by its consensus address, a host by its owner; 20 bytes each. */
export const CONSENSUS_KEY = stateKey('consensus')
export const UPGRADE_PLAN_KEY = stateKey('upgradePlan')

export function validatorRange(): KeyRange {
  return stateRange('validator')
}

export function carrierKey(host: Uint8Array): Uint8Array {
  return stateKey('carrier', host)
}

export function carrierRange(): KeyRange {
  return stateRange('carrier')
}

export function livenessKey(validator: Uint8Array): Uint8Array {
  return stateKey('liveness', validator)
}

export function heartbeatsKey(validator: Uint8Array): Uint8Array {
  return stateKey('heartbeats', validator)
}

export function appHashKey(height: number): Uint8Array {
  return stateKey('appHash', u64be(BigInt(height)))
}

export function rotationKey(height: number): Uint8Array {
  return stateKey('rotation', u64be(BigInt(height)))
}

export function upgradeVoteKey(validator: Uint8Array): Uint8Array {
  return stateKey('upgradeVote', validator)
}

export function upgradeVoteRange(): KeyRange {
  return stateRange('upgradeVote')
}
