/**
 * genesis.json in CometBFT's layout, our part under `app_state`: decoded with bounds into the protocol's Genesis and encoded
 * back. Invariant: decode(encode(genesis)) = genesis, and equal geneses have equal text, so its hash names the network.
 */
import { z } from 'zod'
import { BLOCK_LIMITS } from '../chain/application.ts'
import { utf8 } from '../lib/bytes.ts'
import { CodedError, errorMessage } from '../lib/coded-error.ts'
import { tryDecodeAddress } from '../protocol/address.ts'
import { CONSENSUS_KEY_BYTES, consensusAddress } from '../protocol/consensus-key.ts'
import type { Genesis, GenesisHost, GenesisModel, GenesisValidator } from '../protocol/genesis.ts'
import { sha256 } from '../protocol/hash.ts'
import { MESSAGE_LIMITS } from '../protocol/messages.ts'
import { DENOM, encodeParams } from '../protocol/params.ts'
import { paramsFromJson } from '../protocol/params-codec.ts'
import { BLS_PUBLIC_KEY_BYTES, BLS_SIGNATURE_BYTES } from '../protocol/randomness.ts'
import { isPublicKey, PUBLIC_KEY_BYTES } from '../protocol/signature.ts'
import { WORK_LIMITS } from '../protocol/work/limits.ts'
import { bytesFromBase64, toBase64, toUpperHex } from './base64.ts'
import { readTextFile } from './private-file.ts'

export const GENESIS_LIMITS = {
  fileBytes: 16 * 1024 * 1024,
  accounts: 100_000,
  validators: 100,
  hosts: 1_000,
  models: 100,
} as const

const base64Bytes = (length: number) =>
  z
    .string()
    .max(4 * length)
    .transform((text, context) => {
      const bytes = tryBase64(text)
      if (bytes?.length !== length) {
        context.addIssue(`must be ${length} bytes of base64`)
        return z.NEVER
      }
      return bytes
    })

const address = z.string().refine((text) => tryDecodeAddress(text) !== undefined, 'no tail1… address')
const decimal = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,29})$/)
  .transform((text) => BigInt(text))

const validatorSchema = z.object({
  address: z.string().regex(/^[0-9A-F]{40}$/),
  pub_key: z.object({ type: z.literal('tendermint/PubKeyEd25519'), value: base64Bytes(CONSENSUS_KEY_BYTES) }),
  power: decimal.refine((power) => power > 0n && power < 1n << 60n, 'power out of range'),
  name: z.string().max(128),
})

const hostSchema = z.object({
  owner: address,
  device_public_key: base64Bytes(PUBLIC_KEY_BYTES).refine(isPublicKey, 'no secp256k1 key'),
  peer_id: z.string().min(1).max(MESSAGE_LIMITS.peerIdCharacters),
  shape: z.enum(['dev', 'std']),
  moniker: z.string().max(MESSAGE_LIMITS.monikerCharacters),
})

const modelSchema = z.object({
  id: z.string().max(WORK_LIMITS.modelCharacters),
  manifest_hash: base64Bytes(32),
  context_tokens: z.number().int().min(1).max(WORK_LIMITS.promptTokens),
  price: decimal,
})

const blsKeySchema = z.object({
  validator: z.string().regex(/^[0-9A-F]{40}$/),
  public_key: base64Bytes(BLS_PUBLIC_KEY_BYTES),
  possession: base64Bytes(BLS_SIGNATURE_BYTES),
  owner: address.optional(),
  node_public_key: base64Bytes(PUBLIC_KEY_BYTES).refine(isPublicKey, 'no secp256k1 key').optional(),
})

const fileSchema = z.object({
  genesis_time: z.iso.datetime(),
  chain_id: z.string().regex(/^[a-z][a-z0-9-]{2,48}$/),
  initial_height: z.literal('1'),
  validators: z.array(validatorSchema).min(1).max(GENESIS_LIMITS.validators),
  app_state: z.object({
    denom: z.literal(DENOM),
    params: z.unknown(),
    accounts: z.array(z.object({ address, amount: decimal })).max(GENESIS_LIMITS.accounts),
    bls_keys: z.array(blsKeySchema).max(GENESIS_LIMITS.validators),
    hosts: z.array(hostSchema).max(GENESIS_LIMITS.hosts),
    models: z.array(modelSchema).max(GENESIS_LIMITS.models),
  }),
})

type GenesisFile = z.infer<typeof fileSchema>

/** @throws CodedError `invalid_genesis` with what is wrong. */
export function decodeGenesis(text: string): Genesis {
  if (text.length > GENESIS_LIMITS.fileBytes) {
    throw new CodedError('invalid_genesis', 'the genesis is too large')
  }
  try {
    const file = fileSchema.parse(JSON.parse(text))
    checkUnique(
      'account',
      file.app_state.accounts.map((account) => account.address),
    )
    checkUnique(
      'host',
      file.app_state.hosts.map((host) => host.owner),
    )
    checkUnique(
      'model',
      file.app_state.models.map((model) => model.id),
    )
    checkUnique(
      'validator',
      file.validators.map((validator) => validator.address),
    )
    return {
      chainId: file.chain_id,
      timeMs: Date.parse(file.genesis_time),
      params: paramsFromJson(file.app_state.params),
      accounts: file.app_state.accounts,
      validators: file.validators.map((validator) => validatorFromFile(validator, file)),
      hosts: file.app_state.hosts.map(hostFromFile),
      models: file.app_state.models.map(modelFromFile),
    }
  } catch (cause) {
    throw new CodedError('invalid_genesis', `the genesis is not valid: ${errorMessage(cause).slice(0, 500)}`, { cause })
  }
}

/** Undefined where there is no file. @throws CodedError `invalid_genesis` and the codes of reading a file. */
export function readGenesisFile(path: string): Genesis | undefined {
  const text = readTextFile(path, GENESIS_LIMITS.fileBytes)
  return text === undefined ? undefined : decodeGenesis(text)
}

/** The JSON value that genesis.json and the RPC method `genesis` show. */
export function genesisToJson(genesis: Genesis): unknown {
  return {
    genesis_time: new Date(genesis.timeMs).toISOString(),
    chain_id: genesis.chainId,
    initial_height: '1',
    consensus_params: consensusParamsJson(),
    validators: genesis.validators.map((validator) => ({
      address: toUpperHex(consensusAddress(validator.consensusKey)),
      pub_key: { type: 'tendermint/PubKeyEd25519', value: toBase64(validator.consensusKey) },
      power: validator.power.toString(),
      name: '',
    })),
    app_hash: '',
    app_state: {
      denom: DENOM,
      params: JSON.parse(encodeParams(genesis.params)),
      accounts: genesis.accounts.map((account) => ({ address: account.address, amount: account.amount.toString() })),
      bls_keys: genesis.validators.map((validator) => ({
        validator: toUpperHex(consensusAddress(validator.consensusKey)),
        public_key: toBase64(validator.blsPublicKey),
        possession: toBase64(validator.blsPossession),
        ...(validator.owner === undefined ? {} : { owner: validator.owner }),
        ...(validator.nodePublicKey === undefined ? {} : { node_public_key: toBase64(validator.nodePublicKey) }),
      })),
      hosts: genesis.hosts.map((host) => ({
        owner: host.owner,
        device_public_key: toBase64(host.devicePublicKey),
        peer_id: host.peerId,
        shape: host.shape,
        moniker: host.moniker,
      })),
      models: genesis.models.map((model) => ({
        id: model.id,
        manifest_hash: toBase64(model.manifestHash),
        context_tokens: model.contextTokens,
        price: model.price.toString(),
      })),
    },
  }
}

export function encodeGenesis(genesis: Genesis): string {
  return `${JSON.stringify(genesisToJson(genesis), undefined, 2)}\n`
}

/** Names a network: SHA-256 of the encoded genesis. */
export function genesisHash(genesis: Genesis): Uint8Array {
  return sha256(utf8(encodeGenesis(genesis)))
}

/** What CometBFT calls consensus parameters; ours are fixed by the code. */
export function consensusParamsJson(): unknown {
  return {
    block: { max_bytes: String(BLOCK_LIMITS.bytes), max_gas: '-1' },
    evidence: { max_age_num_blocks: '100000', max_age_duration: '172800000000000', max_bytes: '1048576' },
    validator: { pub_key_types: ['ed25519'] },
    version: { app: '1' },
    abci: { vote_extensions_enable_height: '0' },
  }
}

function validatorFromFile(validator: GenesisFile['validators'][number], file: GenesisFile): GenesisValidator {
  if (toUpperHex(consensusAddress(validator.pub_key.value)) !== validator.address) {
    throw new CodedError('invalid_genesis', `validator ${validator.address} does not belong to its key`)
  }
  const keys = file.app_state.bls_keys.filter((key) => key.validator === validator.address)
  const [key] = keys
  if (key === undefined || keys.length > 1) {
    throw new CodedError('invalid_genesis', `validator ${validator.address} needs exactly one BLS key`)
  }
  return {
    consensusKey: validator.pub_key.value,
    blsPublicKey: key.public_key,
    blsPossession: key.possession,
    power: validator.power,
    ...(key.owner === undefined ? {} : { owner: key.owner }),
    ...(key.node_public_key === undefined ? {} : { nodePublicKey: key.node_public_key }),
  }
}

function hostFromFile(host: GenesisFile['app_state']['hosts'][number]): GenesisHost {
  return {
    owner: host.owner,
    devicePublicKey: host.device_public_key,
    peerId: host.peer_id,
    shape: host.shape,
    moniker: host.moniker,
  }
}

function modelFromFile(model: GenesisFile['app_state']['models'][number]): GenesisModel {
  return { id: model.id, manifestHash: model.manifest_hash, contextTokens: model.context_tokens, price: model.price }
}

function checkUnique(what: string, names: readonly string[]): void {
  if (new Set(names).size !== names.length) {
    throw new CodedError('invalid_genesis', `a ${what} is named twice`)
  }
}

function tryBase64(text: string): Uint8Array | undefined {
  try {
    return bytesFromBase64(text)
  } catch {
    // Not base64: the schema says so.
    return undefined
  }
}
