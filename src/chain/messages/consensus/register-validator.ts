/**
 * A host brings its consensus key, replaces it, or changes its node key. The proofs that it holds the keys cost 35 ms and are
 * verified before (tx/validator-ante.ts), after `registrationViolation`, which only reads. What follows from a registration comes
 * later: power at a settle, the end of a replaced key at the block's end (consensus/removals.ts).
 */
import { compareBytes, equalBytes } from '../../../lib/bytes.ts'
import { decodeAddress } from '../../../protocol/address.ts'
import { VALIDATOR_LIMITS } from '../../../protocol/consensus/validator.ts'
import { consensusAddress } from '../../../protocol/consensus-key.ts'
import type { HostState, ValidatorState } from '../../../protocol/gen/tailrace/v1/state.ts'
import type { MsgRegisterValidator } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { MsgRegisterValidatorResponse } from '../../../protocol/gen/tailrace/v1/tx.ts'
import { epochOfHeight } from '../../../protocol/params.ts'
import { validatorText } from '../../consensus/validator-text.ts'
import type { BlockContext } from '../../context.ts'
import { readValidator, writeValidator } from '../../state/chain-status.ts'
import type { Validator } from '../../state/consensus/validators.ts'
import {
  isUsable,
  listValidators,
  newValidator,
  removeValidator,
  updateValidator,
} from '../../state/consensus/validators.ts'
import { readHost } from '../../state/hosts.ts'
import type { MessageHandler } from '../../tx/handler.ts'
import type { Rejection } from '../../tx-codes.ts'
import { reject } from '../../tx-codes.ts'

export const registerValidatorHandler: MessageHandler<MsgRegisterValidator> = {
  validate: registrationViolation,
  apply: applyRegisterValidator,
}

/** Everything but the proofs of the keys. */
export function registrationViolation(context: BlockContext, message: MsgRegisterValidator): Rejection | undefined {
  const owner = decodeAddress(message.owner)
  const host = readHost(context.store, owner)
  if (host === undefined) {
    return reject('not_a_host', 'the signer owns no host')
  }
  const known = readValidator(context.store, consensusAddress(message.consensusPubkey))
  if (known === undefined) {
    return newKeyViolation(context, message, host)
  }
  if (!equalBytes(known.owner, owner) || !isUsable(known)) {
    return reject('consensus_key_taken', 'this consensus key is of another host, was replaced, or broke consensus')
  }
  return equalBytes(known.blsPublicKey, message.blsPubkey)
    ? undefined
    : reject('bls_key_taken', 'the BLS key of a consensus key never changes: register a new consensus key with it')
}

function newKeyViolation(context: BlockContext, message: MsgRegisterValidator, host: HostState): Rejection | undefined {
  if (BigInt(host.weight) === 0n) {
    return reject('no_weight', 'a host registers a consensus key after a race that gave it weight')
  }
  const validators = listValidators(context.store)
  const own = validators.filter(({ record }) => equalBytes(record.owner, host.owner))
  const isTaken = validators.some(
    ({ record }) => equalBytes(record.blsPublicKey, message.blsPubkey) && !equalBytes(record.owner, host.owner),
  )
  if (isTaken) {
    return reject('bls_key_taken', 'this BLS key stands for another validator')
  }
  const present = own.find(({ record }) => isUsable(record))
  if (own.length >= VALIDATOR_LIMITS.keysOfHost || (present !== undefined && isOfThisEpoch(context, present))) {
    return reject('key_change_wait', 'a host changes its consensus key once an epoch, and keeps few that were replaced')
  }
  const isFull = present === undefined && validators.filter(({ record }) => isUsable(record)).length >= MOST_KEYS
  return isFull && givesWay(context, validators, BigInt(host.weight)) === undefined
    ? reject(
        'validators_full',
        'there is no room for more consensus keys, and this host has too little weight to take a place',
      )
    : undefined
}

const MOST_KEYS = VALIDATOR_LIMITS.candidates

function isOfThisEpoch({ params, epoch }: BlockContext, { record }: Validator): boolean {
  return !record.genesis && epochOfHeight(params, Number(record.registeredHeight)) === epoch.epoch
}

/** Whether it has power, or had some so lately that it could still be shown to have broken consensus. */
function isAnswerable({ power, leftHeight }: ValidatorState, height: number): boolean {
  return power !== '0' || (leftHeight > 0n && leftHeight + BigInt(VALIDATOR_LIMITS.evidenceBlocks) >= BigInt(height))
}

/** The key without power whose host has the least weight, where that is less than the newcomer's. */
function givesWay(
  { store, height }: BlockContext,
  validators: readonly Validator[],
  weight: bigint,
): Validator | undefined {
  const weightOf = ({ record }: Validator): bigint => BigInt(readHost(store, record.owner)?.weight ?? '0')
  const [least] = validators
    .filter(({ record }) => isUsable(record) && !record.genesis && !isAnswerable(record, height))
    .map((validator) => ({ validator, weight: weightOf(validator) }))
    .sort((a, b) =>
      a.weight === b.weight ? compareBytes(a.validator.address, b.validator.address) : a.weight < b.weight ? -1 : 1,
    )
  return least !== undefined && least.weight < weight ? least.validator : undefined
}

function applyRegisterValidator(context: BlockContext, message: MsgRegisterValidator): Uint8Array {
  const { store } = context
  const address = consensusAddress(message.consensusPubkey)
  if (readValidator(store, address) === undefined) {
    addKey(context, message, address)
  } else {
    updateValidator(store, address, { nodePubkey: message.nodePubkey })
  }
  context.emit('register_validator', { host: message.owner, validator: validatorText(address) })
  return MsgRegisterValidatorResponse.encode({ validator: address }).finish()
}

function addKey(context: BlockContext, message: MsgRegisterValidator, address: Uint8Array): void {
  const { store } = context
  const height = BigInt(context.height)
  const owner = decodeAddress(message.owner)
  const validators = listValidators(store)
  const replaced = validators.find(({ record }) => equalBytes(record.owner, owner) && isUsable(record))
  if (replaced !== undefined) {
    updateValidator(store, replaced.address, { retired: true, retiredHeight: height })
  } else if (validators.filter(({ record }) => isUsable(record)).length >= MOST_KEYS) {
    const weight = BigInt(readHost(store, owner)?.weight ?? '0')
    const displaced = givesWay(context, validators, weight)
    if (displaced !== undefined) {
      removeValidator(store, displaced.address)
    }
  }
  const inherited = BigInt(replaced?.record.power ?? '0') + BigInt(replaced?.record.inherited ?? '0')
  writeValidator(store, address, {
    ...newValidator({ consensusKey: message.consensusPubkey, blsPublicKey: message.blsPubkey }),
    owner,
    nodePubkey: message.nodePubkey,
    registeredHeight: height,
    inherited: inherited.toString(),
  })
}
