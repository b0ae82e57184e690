/**
 * The keys that make this node a proposer: Ed25519 for consensus, BLS12-381 for the randomness. Kept in CometBFT's
 * priv_validator_key.json with three fields more, readable by the owner alone. Invariant: a file that is there is used as it
 * is or refused; it is never replaced, because a lost consensus key cannot be recovered.
 */
import { z } from 'zod'
import { equalBytes, fromHex, toHex } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import type { Rng } from '../lib/runtime.ts'
import { CONSENSUS_KEY_BYTES, consensusAddress, consensusPublicKey } from '../protocol/consensus-key.ts'
import type { GenesisValidator } from '../protocol/genesis.ts'
import { blsProvePossession, blsPublicKey, blsSecretFromSeed, blsVerifyPossession } from '../protocol/randomness.ts'
import { bytesFromBase64, toBase64 } from './base64.ts'
import { ensureFolder, readTextFile, restrictMode, SECRET_MODE, writeTextFile } from './private-file.ts'

export interface ValidatorKey {
  /** Ed25519 seed, 32 bytes. */
  readonly consensusSecret: Uint8Array
  readonly consensusPublicKey: Uint8Array
  /** 20 bytes. */
  readonly address: Uint8Array
  readonly blsSecret: Uint8Array
  readonly blsPublicKey: Uint8Array
  readonly blsPossession: Uint8Array
}

const MAX_FILE_BYTES = 64 * 1024
const BLS_SEED_BYTES = 48
const HEX = /^[0-9a-fA-F]{2,400}$/

const fileSchema = z.object({
  address: z.string().regex(/^[0-9A-F]{40}$/),
  pub_key: z.object({ type: z.literal('tendermint/PubKeyEd25519'), value: z.string().max(100) }),
  priv_key: z.object({ type: z.literal('tendermint/PrivKeyEd25519'), value: z.string().max(200) }),
  bls_secret_key: z.string().regex(HEX),
  bls_public_key: z.string().regex(HEX),
  bls_possession: z.string().regex(HEX),
})

export function createValidatorKey(rng: Rng): ValidatorKey {
  return fromSecrets(rng.bytes(CONSENSUS_KEY_BYTES), blsSecretFromSeed(rng.bytes(BLS_SEED_BYTES)))
}

/** The key of a node's home; a new one is made where there is no file. @throws CodedError `validator_key_damaged` */
export function loadOrCreateValidatorKey(home: string, rng: Rng): ValidatorKey {
  const path = validatorKeyPath(home)
  const text = readTextFile(path, MAX_FILE_BYTES)
  if (text !== undefined) {
    restrictMode(path, SECRET_MODE)
    return decodeValidatorKey(text, path)
  }
  const key = createValidatorKey(rng)
  ensureFolder(home)
  writeTextFile(path, encodeValidatorKey(key), SECRET_MODE)
  return key
}

export function validatorKeyPath(home: string): string {
  return `${home}/priv_validator_key.json`
}

/** What a genesis says of this key. */
export function genesisValidatorOf(key: ValidatorKey, power: bigint): GenesisValidator {
  return {
    consensusKey: key.consensusPublicKey,
    blsPublicKey: key.blsPublicKey,
    blsPossession: key.blsPossession,
    power,
  }
}

export function encodeValidatorKey(key: ValidatorKey): string {
  const secret = new Uint8Array(2 * CONSENSUS_KEY_BYTES)
  secret.set(key.consensusSecret)
  secret.set(key.consensusPublicKey, CONSENSUS_KEY_BYTES)
  const file: z.infer<typeof fileSchema> = {
    address: toHex(key.address).toUpperCase(),
    pub_key: { type: 'tendermint/PubKeyEd25519', value: toBase64(key.consensusPublicKey) },
    priv_key: { type: 'tendermint/PrivKeyEd25519', value: toBase64(secret) },
    bls_secret_key: toHex(key.blsSecret),
    bls_public_key: toHex(key.blsPublicKey),
    bls_possession: toHex(key.blsPossession),
  }
  return `${JSON.stringify(file, undefined, 2)}\n`
}

/** Checks that public parts, address and possession belong to the secrets. @throws CodedError `validator_key_damaged` */
export function decodeValidatorKey(text: string, path: string): ValidatorKey {
  try {
    const file = fileSchema.parse(JSON.parse(text))
    const secret = bytesFromBase64(file.priv_key.value)
    if (secret.length !== 2 * CONSENSUS_KEY_BYTES) {
      throw new CodedError('validator_key_damaged', 'the secret key has the wrong length')
    }
    const key = fromSecrets(secret.slice(0, CONSENSUS_KEY_BYTES), fromHex(file.bls_secret_key))
    const isConsistent =
      equalBytes(key.consensusPublicKey, bytesFromBase64(file.pub_key.value)) &&
      equalBytes(key.consensusPublicKey, secret.slice(CONSENSUS_KEY_BYTES)) &&
      equalBytes(key.address, fromHex(file.address)) &&
      equalBytes(key.blsPublicKey, fromHex(file.bls_public_key)) &&
      blsVerifyPossession(key.blsPublicKey, fromHex(file.bls_possession))
    if (!isConsistent) {
      throw new CodedError('validator_key_damaged', 'public parts do not belong to the secrets')
    }
    return key
  } catch (cause) {
    throw new CodedError(
      'validator_key_damaged',
      `${path} is damaged; restore it from a backup, or move it away to get a new key (another validator)`,
      { fields: { path }, cause },
    )
  }
}

function fromSecrets(consensusSecret: Uint8Array, blsSecret: Uint8Array): ValidatorKey {
  const publicKey = consensusPublicKey(consensusSecret)
  return {
    consensusSecret,
    consensusPublicKey: publicKey,
    address: consensusAddress(publicKey),
    blsSecret,
    blsPublicKey: blsPublicKey(blsSecret),
    blsPossession: blsProvePossession(blsSecret),
  }
}
