import { signValidatorRegistration } from '../../protocol/consensus/validator.ts'
import type { MsgRegisterValidator } from '../../protocol/gen/tailrace/v1/tx.ts'
import type { NodeIdentity } from './comet-home.ts'

/** What an owner signs to tie this node's keys to its host: the consensus key vouches for all of it (protocol/consensus/validator.ts). */
export function registrationOf(
  { validatorKey, account }: NodeIdentity,
  chainId: string,
  owner: string,
): MsgRegisterValidator {
  const { consensusPublicKey, consensusSecret, blsPublicKey, blsPossession } = validatorKey
  const nodePublicKey = account.publicKey
  return {
    owner,
    consensusPubkey: consensusPublicKey,
    blsPubkey: blsPublicKey,
    blsPossession,
    nodePubkey: nodePublicKey,
    consensusSignature: signValidatorRegistration({ chainId, owner, blsPublicKey, nodePublicKey }, consensusSecret),
  }
}
