import { utf8 } from '../../../src/lib/bytes.ts'
import { signValidatorRegistration } from '../../../src/protocol/consensus/validator.ts'
import { consensusAddress, consensusPublicKey } from '../../../src/protocol/consensus-key.ts'
import type { GenesisValidator } from '../../../src/protocol/genesis.ts'
import { sha256 } from '../../../src/protocol/hash.ts'
import type { TypedMessage } from '../../../src/protocol/messages.ts'
import { LOCAL_CHAIN_ID } from '../../../src/protocol/params.ts'
import { blsProvePossession, blsPublicKey, blsSecretFromSeed } from '../../../src/protocol/randomness.ts'
import type { Actor, HostActor } from './chain-harness.ts'
import { actorNamed } from './chain-harness.ts'

/** A consensus key with its BLS key and its node account. The same name is the same keys. */
export interface ValidatorActor {
  readonly consensusSecret: Uint8Array
  readonly consensusKey: Uint8Array
  readonly address: Uint8Array
  readonly blsSecret: Uint8Array
  readonly blsPublicKey: Uint8Array
  readonly blsPossession: Uint8Array
  readonly node: Actor
}

const actors = new Map<string, ValidatorActor>()

export function validatorNamed(name: string): ValidatorActor {
  const actor = actors.get(name) ?? createActor(name)
  actors.set(name, actor)
  return actor
}

function createActor(name: string): ValidatorActor {
  const consensusSecret = sha256(utf8(`tailrace test consensus key ${name}`))
  const consensusKey = consensusPublicKey(consensusSecret)
  const seed = new Uint8Array(48)
  seed.set(sha256(utf8(`tailrace test randomness key ${name}`)))
  const blsSecret = blsSecretFromSeed(seed)
  return {
    consensusSecret,
    consensusKey,
    address: consensusAddress(consensusKey),
    blsSecret,
    blsPublicKey: blsPublicKey(blsSecret),
    blsPossession: blsProvePossession(blsSecret),
    node: actorNamed(`${name} node`),
  }
}

export function genesisValidator(actor: ValidatorActor, power: bigint, owner?: string): GenesisValidator {
  const { consensusKey, blsPublicKey: bls, blsPossession, node } = actor
  const base = { consensusKey, blsPublicKey: bls, blsPossession, power, nodePublicKey: node.publicKey }
  return owner === undefined ? base : { ...base, owner }
}

/** Keys of several actors in one registration, to try what must be refused. */
export interface RegistrationParts {
  readonly bls?: ValidatorActor
  readonly node?: Actor
  readonly signedBy?: ValidatorActor
  readonly chainId?: string
}

export function registerValidator(
  { owner }: HostActor,
  actor: ValidatorActor,
  { bls = actor, node = actor.node, signedBy = actor, chainId = LOCAL_CHAIN_ID }: RegistrationParts = {},
): TypedMessage {
  const registration = {
    chainId,
    owner: owner.address,
    blsPublicKey: bls.blsPublicKey,
    nodePublicKey: node.publicKey,
  }
  return {
    typeUrl: '/tailrace.v1.MsgRegisterValidator',
    value: {
      owner: owner.address,
      consensusPubkey: actor.consensusKey,
      blsPubkey: bls.blsPublicKey,
      blsPossession: bls.blsPossession,
      nodePubkey: node.publicKey,
      consensusSignature: signValidatorRegistration(registration, signedBy.consensusSecret),
    },
  }
}

export function nameValidator({ owner }: HostActor, actor: ValidatorActor | undefined): TypedMessage {
  return {
    typeUrl: '/tailrace.v1.MsgNameValidator',
    value: { owner: owner.address, validator: actor?.address ?? new Uint8Array(0) },
  }
}

export interface UpgradeChoice {
  readonly height: bigint
  readonly version: number
  readonly name: string
}

export const NO_UPGRADE: UpgradeChoice = { height: 0n, version: 0, name: '' }

export function voteUpgrade(signer: Actor, { address }: ValidatorActor, choice: UpgradeChoice): TypedMessage {
  return { typeUrl: '/tailrace.v1.MsgVoteUpgrade', value: { signer: signer.address, validator: address, ...choice } }
}
