import { CodedError } from '../lib/coded-error.ts'
import { addressOfPublicKey, decodeAddress, tryDecodeAddress } from '../protocol/address.ts'
import { Duty } from '../protocol/gen/tailrace/v1/tx.ts'
import type { Genesis, GenesisHost, GenesisModel, GenesisValidator } from '../protocol/genesis.ts'
import { sha256 } from '../protocol/hash.ts'
import { MESSAGE_LIMITS } from '../protocol/messages.ts'
import { SHAPE_NAMES, validateParams } from '../protocol/params.ts'
import { blsVerifyPossession, epochSeed, genesisRandomness } from '../protocol/randomness.ts'
import { isPublicKey } from '../protocol/signature.ts'
import { WORK_LIMITS } from '../protocol/work/limits.ts'
import { MAX_PRICE, MIN_PRICE } from '../protocol/work/price.ts'
import { isModel } from '../protocol/work/violations.ts'
import { targetToBytes } from '../race/find.ts'
import { APP_VERSION } from './app-version.ts'
import type { StateStore } from './application.ts'
import { startRotation } from './consensus/rotation-record.ts'
import { newHost } from './messages/register-host.ts'
import { createGenesisBalance } from './state/bank.ts'
import { writeStatus, writeValidator } from './state/chain-status.ts'
import { newValidator, updateConsensus } from './state/consensus/validators.ts'
import { peerKeyOf, readHost, writeHost } from './state/hosts.ts'
import { deviceKey } from './state/keys.ts'
import { writeParams } from './state/params-record.ts'
import { writeEpochState, writeTarget } from './state/races.ts'
import { readModel, writeModel } from './state/work/models.ts'

/** Genesis hosts' keys do not expire: the largest height that a registration may name. */
const LAST_HEIGHT = (1n << 48n) - 1n
/** Sum of all accounts of a genesis: far below what an amount can hold, with room for any emission. */
const MAX_GENESIS_SUPPLY = 1n << 100n

/** The state at height 0: block 0 seeds the first race with R_0. @throws CodedError `invalid_genesis` */
export function writeGenesis(store: StateStore, genesis: Genesis, appVersion: number = APP_VERSION): void {
  const wrong = genesisViolation(genesis)
  if (wrong !== undefined) {
    throw new CodedError('invalid_genesis', `the genesis is not valid: ${wrong}`)
  }
  const randomness = genesisRandomness(genesis.chainId)
  writeParams(store, genesis.params)
  writeStatus(store, { chainId: genesis.chainId, height: 0n, timeMs: BigInt(genesis.timeMs), randomness })
  for (const { address, amount } of genesis.accounts) {
    createGenesisBalance(store, decodeAddress(address), amount)
  }
  writeGenesisValidators(store, genesis.validators)
  updateConsensus(store, { appVersion })
  for (const host of genesis.hosts) {
    writeGenesisHost(store, host)
  }
  for (const model of genesis.models) {
    writeGenesisModel(store, model)
  }
  for (const shape of SHAPE_NAMES) {
    writeTarget(store, 0, shape, targetToBytes(1n << BigInt(genesis.params.initialTargetLog2[shape])))
  }
  const seed = epochSeed(0n, randomness)
  writeEpochState(store, { epoch: 0n, seed, nextRound: 0, nextExtensionHeight: 0n, unaudited: 0, settled: false })
}

/** A key whose host is named holds its power until races say otherwise; one without a host is entitled to it. */
function writeGenesisValidators(store: StateStore, validators: readonly GenesisValidator[]): void {
  for (const validator of validators) {
    const { consensusKey, blsPublicKey, owner, nodePublicKey } = validator
    const power = validator.power.toString()
    writeValidator(store, consensusAddress(validator), {
      ...newValidator({ consensusKey, blsPublicKey }),
      power,
      enginePower: validator.power,
      owner: owner === undefined ? new Uint8Array(0) : decodeAddress(owner),
      nodePubkey: nodePublicKey ?? new Uint8Array(0),
      genesis: true,
      entitled: owner === undefined ? power : '',
      differences: [{ reason: 'genesis', amount: power }],
    })
  }
  startRotation(
    store,
    validators.map((validator) => ({ address: consensusAddress(validator), power: validator.power })),
  )
}

/** First 20 bytes of the SHA-256 of the Ed25519 key (CometBFT). */
export function consensusAddress(validator: Pick<GenesisValidator, 'consensusKey'>): Uint8Array {
  return sha256(validator.consensusKey).slice(0, 20)
}

function writeGenesisHost(store: StateStore, host: GenesisHost): void {
  const owner = decodeAddress(host.owner)
  const device = decodeAddress(addressOfPublicKey(host.devicePublicKey))
  const isTwice = [deviceKey(device), peerKeyOf(host.peerId)].some((key) => store.get(key) !== undefined)
  if (readHost(store, owner) !== undefined || isTwice) {
    throw new CodedError('invalid_genesis', 'a host, device key or peer id stands twice in the genesis')
  }
  store.set(deviceKey(device), owner)
  store.set(peerKeyOf(host.peerId), owner)
  writeHost(store, {
    ...newHost(owner, 0),
    devicePubkey: host.devicePublicKey,
    duties: [Duty.DUTY_RACE, Duty.DUTY_VERIFY, Duty.DUTY_HEARTBEAT, Duty.DUTY_SERVE],
    deviceExpiryHeight: LAST_HEIGHT,
    peerId: host.peerId,
    shape: host.shape,
    moniker: host.moniker,
    genesis: true,
    weight: '1',
  })
}

function writeGenesisModel(store: StateStore, model: GenesisModel): void {
  if (readModel(store, model.id) !== undefined) {
    throw new CodedError('invalid_genesis', 'a model stands twice in the genesis')
  }
  const { id, manifestHash, contextTokens, price } = model
  writeModel(store, { id, manifestHash, contextTokens, price, priceHeight: 0n, windowTokens: 0n, recentValues: [] })
}

function genesisViolation(genesis: Genesis): string | undefined {
  const { params, accounts, validators, hosts, models } = genesis
  const supply = accounts.reduce((sum, { amount }) => sum + amount, 0n)
  const conditions: readonly (readonly [boolean, string])[] = [
    [/^[a-z0-9-]{1,48}$/.test(genesis.chainId), 'chain id'],
    [Number.isSafeInteger(genesis.timeMs) && genesis.timeMs >= 0, 'time'],
    [accounts.every(({ amount }) => amount >= 0n) && supply <= MAX_GENESIS_SUPPLY, 'an amount'],
    [accounts.every(({ address }) => tryDecodeAddress(address) !== undefined), 'an account address'],
    [validators.length > 0 && validators.every(isValidator), 'a validator'],
    [areOwners(genesis), 'the owner of a validator'],
    [hosts.every(isGenesisHost), 'a host'],
    [models.every(isGenesisModel), 'a model'],
  ]
  return validateParams(params) ?? conditions.find(([holds]) => !holds)?.[1]
}

function isValidator(validator: GenesisValidator): boolean {
  return (
    validator.consensusKey.length === 32 &&
    validator.power > 0n &&
    blsVerifyPossession(validator.blsPublicKey, validator.blsPossession) &&
    (validator.nodePublicKey === undefined || isPublicKey(validator.nodePublicKey))
  )
}

/** A key's owner is a host of the genesis, and has one key. */
function areOwners({ validators, hosts }: Genesis): boolean {
  const owners = validators.flatMap(({ owner }) => (owner === undefined ? [] : [owner]))
  return new Set(owners).size === owners.length && owners.every((owner) => hosts.some((host) => host.owner === owner))
}

function isGenesisHost(host: GenesisHost): boolean {
  return (
    tryDecodeAddress(host.owner) !== undefined &&
    isPublicKey(host.devicePublicKey) &&
    SHAPE_NAMES.includes(host.shape) &&
    host.peerId.length <= MESSAGE_LIMITS.peerIdCharacters &&
    host.moniker.length <= MESSAGE_LIMITS.monikerCharacters
  )
}

function isGenesisModel({ id, manifestHash, contextTokens, price }: GenesisModel): boolean {
  return (
    isModel(id) &&
    manifestHash.length === 32 &&
    Number.isInteger(contextTokens) &&
    contextTokens > 0 &&
    contextTokens <= WORK_LIMITS.promptTokens &&
    price >= MIN_PRICE &&
    price <= MAX_PRICE
  )
}
