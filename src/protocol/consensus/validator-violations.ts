import { tryDecodeAddress } from '../address.ts'
import { CONSENSUS_ADDRESS_BYTES, CONSENSUS_KEY_BYTES } from '../consensus-key.ts'
import type {
  MsgNameValidator,
  MsgRegisterValidator,
  MsgValidatorHeartbeat,
  MsgVoteUpgrade,
} from '../gen/tailrace/v1/tx.ts'
import { BLS_PUBLIC_KEY_BYTES, BLS_SIGNATURE_BYTES } from '../randomness.ts'
import { PUBLIC_KEY_BYTES } from '../signature.ts'
import { CONSENSUS_SIGNATURE_BYTES, VALIDATOR_LIMITS } from './validator.ts'

/** Bounds of the messages of consensus: undefined when within them, else what is wrong, in a few words. */
type Condition = readonly [holds: boolean, otherwise: string]

const MAX_HEIGHT = 1n << 48n
const APP_HASH_BYTES = 32
/** A version is a small counter. */
const MAX_VERSION = 1_000_000

export function registerValidatorViolation(message: MsgRegisterValidator): string | undefined {
  return firstBroken([
    [isAddress(message.owner), 'owner is no address'],
    [message.consensusPubkey.length === CONSENSUS_KEY_BYTES, 'consensus_pubkey must be 32 bytes'],
    [message.blsPubkey.length === BLS_PUBLIC_KEY_BYTES, 'bls_pubkey must be 48 bytes'],
    [message.blsPossession.length === BLS_SIGNATURE_BYTES, 'bls_possession must be 96 bytes'],
    [message.nodePubkey.length === PUBLIC_KEY_BYTES, 'node_pubkey must be 33 bytes'],
    [message.consensusSignature.length === CONSENSUS_SIGNATURE_BYTES, 'consensus_signature must be 64 bytes'],
  ])
}

export function nameValidatorViolation(message: MsgNameValidator): string | undefined {
  const isNamed = message.validator.length === CONSENSUS_ADDRESS_BYTES
  return firstBroken([
    [isAddress(message.owner), 'owner is no address'],
    [message.validator.length === 0 || isNamed, 'validator must be empty or 20 bytes'],
  ])
}

export function validatorHeartbeatViolation(message: MsgValidatorHeartbeat): string | undefined {
  return firstBroken([
    ...signerConditions(message),
    [message.height >= 0n && message.height < MAX_HEIGHT, 'height out of range'],
    [message.appHash.length === APP_HASH_BYTES, 'app_hash must be 32 bytes'],
  ])
}

export function voteUpgradeViolation(message: MsgVoteUpgrade): string | undefined {
  const isNone = message.height === 0n && message.version === 0 && message.name === ''
  const isPlan = message.height > 0n && message.height < MAX_HEIGHT && message.version > 0
  return firstBroken([
    ...signerConditions(message),
    [isNone || isPlan, 'height and version must both be set, or nothing of the plan'],
    [message.version <= MAX_VERSION, 'version out of range'],
    [message.name.length <= VALIDATOR_LIMITS.upgradeNameCharacters, 'name too long'],
  ])
}

function signerConditions({ signer, validator }: { signer: string; validator: Uint8Array }): Condition[] {
  return [
    [isAddress(signer), 'signer is no address'],
    [validator.length === CONSENSUS_ADDRESS_BYTES, 'validator must be 20 bytes'],
  ]
}

function isAddress(text: string): boolean {
  return tryDecodeAddress(text) !== undefined
}

function firstBroken(conditions: readonly Condition[]): string | undefined {
  return conditions.find(([holds]) => !holds)?.[1]
}
