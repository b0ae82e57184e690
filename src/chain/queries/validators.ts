import { equalBytes, toHex } from '../../lib/bytes.ts'
import { maxBigint, sharePpm, sumBigint } from '../../lib/fixed-point.ts'
import { addressOfPublicKey, encodeAddress } from '../../protocol/address.ts'
import type { ValidatorRecord } from '../../protocol/gen/tailrace/v1/query.ts'
import {
  QueryCarrierRequest,
  QueryCarrierResponse,
  QueryUpgradeRequest,
  QueryUpgradeResponse,
  QueryValidatorsRequest,
  QueryValidatorsResponse,
} from '../../protocol/gen/tailrace/v1/query.ts'
import type { PowerDifference } from '../../protocol/gen/tailrace/v1/state.ts'
import type { StateStore } from '../application.ts'
import { countHeartbeats, heartbeatWindow } from '../consensus/heartbeats.ts'
import { readStatus } from '../state/chain-status.ts'
import { listCarriers, readCarrier } from '../state/consensus/carriers.ts'
import { readLiveness } from '../state/consensus/presence.ts'
import { listUpgradeVotes, readUpgradePlan } from '../state/consensus/upgrades.ts'
import type { Validator } from '../state/consensus/validators.ts'
import { isUsable, listValidators, readConsensus } from '../state/consensus/validators.ts'
import { readParams } from '../state/params-record.ts'
import type { QueryContext, QueryHandler } from './query-handler.ts'
import { decodeRequest, requireAddress } from './request.ts'

/** Consensus keys with their power and why they have it, who carries whom, and upgrades. */
export const VALIDATOR_QUERIES: readonly (readonly [string, QueryHandler])[] = [
  ['/tailrace.v1.Query/Validators', queryValidators],
  ['/tailrace.v1.Query/Carrier', queryCarrier],
  ['/tailrace.v1.Query/Upgrade', queryUpgrade],
]

interface Totals {
  readonly weight: bigint
  /** As the engine counts it. */
  readonly power: bigint
  /** Hosts carried, under the validator's address in hex. */
  readonly hosts: ReadonlyMap<string, bigint>
}

function queryValidators({ store }: QueryContext, request: Uint8Array): Uint8Array {
  const { all } = decodeRequest(QueryValidatorsRequest, request)
  const validators = listValidators(store)
  const { totalWeight, uncarried, shift } = readConsensus(store)
  const totals = {
    weight: BigInt(totalWeight),
    power: sumBigint(validators.map(({ record }) => record.enginePower)),
    hosts: carriedHosts(store),
  }
  const records = validators
    .filter(({ record }) => all || isUsable(record) || record.power !== '0')
    .map((validator) => recordOf(store, validator, totals))
    .sort((a, b) => (a.power === b.power ? 0 : a.power > b.power ? -1 : 1))
  return QueryValidatorsResponse.encode({ validators: records, totalWeight, uncarried, shift }).finish()
}

function carriedHosts(store: StateStore): ReadonlyMap<string, bigint> {
  const hosts = new Map<string, bigint>()
  for (const { carrier } of listCarriers(store)) {
    const name = toHex(carrier.validator)
    hosts.set(name, (hosts.get(name) ?? 0n) + 1n)
  }
  return hosts
}

function recordOf(store: StateStore, { address, record }: Validator, totals: Totals): ValidatorRecord {
  const params = readParams(store)
  const window = heartbeatWindow(params, Number(readStatus(store).height) + 1)
  const { consensusKey, blsPublicKey, owner, nodePubkey, jailed, tombstoned, retired, differences } = record
  return {
    consensusAddress: address,
    consensusPubkey: consensusKey,
    owner: owner.length === 0 ? '' : encodeAddress(owner),
    power: record.enginePower,
    weight: record.weight,
    weightPpm: sharePpm(BigInt(record.weight), totals.weight),
    carried: record.carried,
    carriedPpm: sharePpm(BigInt(record.carried), totals.weight),
    jailed,
    missedBlocks: readLiveness(store, address)?.missed ?? 0,
    heartbeats: Number(countHeartbeats(store, address, window)),
    reason: greatestReason(differences),
    exactPower: record.power,
    differences,
    tombstoned,
    retired,
    nodeAddress: nodePubkey.length === 0 ? '' : addressOfPublicKey(nodePubkey),
    heartbeatsDue: Number(window.present - window.first),
    powerPpm: sharePpm(record.enginePower, totals.power),
    blsPubkey: blsPublicKey,
    carriedHosts: totals.hosts.get(toHex(address)) ?? 0n,
  }
}

function greatestReason(differences: readonly PowerDifference[]): string {
  const sizeOf = ({ amount }: PowerDifference): bigint => maxBigint(BigInt(amount), -BigInt(amount))
  const [greatest] = [...differences].sort((a, b) => (sizeOf(a) === sizeOf(b) ? 0 : sizeOf(a) > sizeOf(b) ? -1 : 1))
  return greatest?.reason ?? ''
}

function queryCarrier({ store }: QueryContext, request: Uint8Array): Uint8Array {
  const host = requireAddress(decodeRequest(QueryCarrierRequest, request).host)
  const own = listValidators(store).find(({ record }) => isUsable(record) && equalBytes(record.owner, host))
  const carrier = readCarrier(store, host)
  return QueryCarrierResponse.encode({
    validator: own?.address ?? carrier?.validator ?? new Uint8Array(0),
    named: own === undefined && carrier?.named === true,
    own: own !== undefined,
  }).finish()
}

function queryUpgrade({ store }: QueryContext, request: Uint8Array): Uint8Array {
  decodeRequest(QueryUpgradeRequest, request)
  const powers = new Map(listValidators(store).map(({ address, record }) => [toHex(address), BigInt(record.power)]))
  const total = sumBigint(powers.values())
  const votes = listUpgradeVotes(store).map(({ validator, vote }) => ({
    validator,
    ...vote,
    powerPpm: sharePpm(powers.get(toHex(validator)) ?? 0n, total),
  }))
  return QueryUpgradeResponse.encode({
    plan: readUpgradePlan(store),
    appVersion: readConsensus(store).appVersion,
    votes,
  }).finish()
}
