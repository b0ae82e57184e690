import { equalBytes } from '../../lib/bytes.ts'
import { addressOfPublicKey, decodeAddress } from '../../protocol/address.ts'
import { verifyValidatorRegistration } from '../../protocol/consensus/validator.ts'
import type { MsgRegisterValidator } from '../../protocol/gen/tailrace/v1/tx.ts'
import { blsVerifyPossession } from '../../protocol/randomness.ts'
import { isPublicKey } from '../../protocol/signature.ts'
import type { BlockContext } from '../context.ts'
import { registrationViolation } from '../messages/consensus/register-validator.ts'
import { readValidator } from '../state/chain-status.ts'
import { isUsable } from '../state/consensus/validators.ts'
import type { Rejection } from '../tx-codes.ts'
import { reject } from '../tx-codes.ts'
import type { BlockBudget } from './block-budget.ts'

/** Right to speak for a validator, and the proofs of a registration: parts of the ante (ante.ts). */
export function nodeViolation(context: BlockContext, signer: Uint8Array, validator: Uint8Array): Rejection | undefined {
  return speakerViolation(context, signer, validator, false)
}

export function voterViolation(
  context: BlockContext,
  signer: Uint8Array,
  validator: Uint8Array,
): Rejection | undefined {
  return speakerViolation(context, signer, validator, true)
}

function speakerViolation(
  context: BlockContext,
  signer: Uint8Array,
  validator: Uint8Array,
  ownerToo: boolean,
): Rejection | undefined {
  const record = readValidator(context.store, validator)
  if (record === undefined || !isUsable(record)) {
    return reject('unknown_validator', 'no consensus key with this address, or no more')
  }
  const isNode =
    record.nodePubkey.length > 0 && equalBytes(decodeAddress(addressOfPublicKey(record.nodePubkey)), signer)
  return isNode || (ownerToo && equalBytes(record.owner, signer))
    ? undefined
    : reject('not_the_validator', 'the signer does not speak for this validator')
}

/** Nobody names keys that it does not hold. 35 ms, and free of a fee: a block verifies a few. */
export function keyProofViolation(
  context: BlockContext,
  message: MsgRegisterValidator,
  budget: BlockBudget,
): Rejection | undefined {
  const refused = registrationViolation(context, message)
  if (refused !== undefined) {
    return refused
  }
  if (!budget.takeKeyProof()) {
    return reject('validator_budget', 'too many registrations of consensus keys in this block, try again')
  }
  const { owner, blsPubkey, nodePubkey } = message
  const registration = { chainId: context.chainId, owner, blsPublicKey: blsPubkey, nodePublicKey: nodePubkey }
  const isProven =
    isPublicKey(nodePubkey) &&
    verifyValidatorRegistration(registration, message.consensusPubkey, message.consensusSignature) &&
    blsVerifyPossession(blsPubkey, message.blsPossession)
  return isProven
    ? undefined
    : reject(
        'validator_proof_invalid',
        'the consensus key did not sign this registration, or the BLS key is not shown to be held',
      )
}
