import type { MemoryStore } from '../../../../src/chain/memory-store.ts'
import type { Prefix } from '../../../../src/chain/state/key-space.ts'
import { stateRange } from '../../../../src/chain/state/key-space.ts'
import { bytesToBigint, equalBytes, toHex } from '../../../../src/lib/bytes.ts'
import type { LedgerEntry } from '../../../../src/protocol/gen/tailrace/v1/query.ts'
import type {
  BatchState,
  CarrierState,
  ChainStatus,
  CheckState,
  ConsensusState,
  EpochState,
  EscrowState,
  HeartbeatState,
  HostState,
  HostTotals,
  LaneState,
  LeafRef,
  LedgerTotals,
  LivenessState,
  ModelState,
  OpenedLeafState,
  RaceState,
  ReexecutionItem,
  RosterState,
  RotationState,
  SampleState,
  ServiceState,
  SupplyState,
  UpgradePlanState,
  UpgradeVoteState,
  ValidatorState,
  VerificationState,
} from '../../../../src/protocol/gen/tailrace/v1/state.ts'
import type { RecordShape } from './records.ts'
import { keyFields, PREFIXES, RECORD_SHAPES } from './records.ts'

/** What the codecs make of each kind. */
interface RecordTypes {
  status: ChainStatus
  validator: ValidatorState
  supply: SupplyState
  hostTotals: HostTotals
  host: HostState
  ledger: LedgerEntry
  ledgerTotals: LedgerTotals
  epoch: EpochState
  race: RaceState
  sample: SampleState
  verification: VerificationState
  openedLeaf: OpenedLeafState
  auditSlot: LeafRef
  reexecution: ReexecutionItem
  model: ModelState
  roster: RosterState
  service: ServiceState
  escrow: EscrowState
  lane: LaneState
  batch: BatchState
  check: CheckState
  consensus: ConsensusState
  carrier: CarrierState
  liveness: LivenessState
  heartbeats: HeartbeatState
  rotation: RotationState
  upgradePlan: UpgradePlanState
  upgradeVote: UpgradeVoteState
  balance: bigint
  held: bigint
  openBatches: bigint
  payerCredit: bigint
  sequence: bigint
  reexecutionCounter: bigint
  batchCounter: bigint
}

export type RecordOf<P extends Prefix> = P extends keyof RecordTypes ? RecordTypes[P] : Uint8Array

export interface Row<T> {
  /** Hex of the key's fields; the whole of it joined is `id`. */
  readonly fields: readonly string[]
  readonly id: string
  readonly value: T
}

/** The whole state, read from its bytes alone: no running total, no index is believed. */
export interface StateView {
  rows<P extends Prefix>(prefix: P): readonly Row<RecordOf<P>>[]
  get<P extends Prefix>(prefix: P, ...fields: readonly string[]): RecordOf<P> | undefined
  /** What is wrong with the bytes themselves. */
  readonly damage: readonly string[]
}

/** A value's bytes are never changed in place: what was decoded once needs no second look. */
const decoded = new WeakMap<Uint8Array, unknown>()

export function viewState(store: MemoryStore): StateView {
  const tables = new Map<Prefix, Map<string, Row<unknown>>>()
  const lists = new Map<Prefix, Row<unknown>[]>()
  const damage: string[] = []
  let seen = 0
  for (const prefix of PREFIXES) {
    const { from, to } = stateRange(prefix)
    const table = new Map<string, Row<unknown>>()
    for (const [key, bytes] of store.range(from, to)) {
      seen += 1
      const fields = keyFields(RECORD_SHAPES[prefix], key)?.map(toHex)
      if (fields === undefined) {
        damage.push(`${prefix}: a key of another form, ${toHex(key)}`)
        continue
      }
      const id = fields.join('/')
      table.set(id, { fields, id, value: decodeValue(prefix, RECORD_SHAPES[prefix], bytes, damage) })
    }
    tables.set(prefix, table)
    lists.set(prefix, [...table.values()])
  }
  if (seen !== store.size) {
    damage.push(`${store.size - seen} entries of no known kind`)
  }
  return {
    rows: <P extends Prefix>(prefix: P) => (lists.get(prefix) ?? []) as Row<RecordOf<P>>[],
    get: <P extends Prefix>(prefix: P, ...fields: readonly string[]) =>
      tables.get(prefix)?.get(fields.join('/'))?.value as RecordOf<P> | undefined,
    damage,
  }
}

const AMOUNT_BYTES = 16
const COUNTER_BYTES = 8

function decodeValue(prefix: Prefix, { value: shape }: RecordShape, bytes: Uint8Array, damage: string[]): unknown {
  const known = decoded.get(bytes)
  if (known !== undefined) {
    return known
  }
  let value: unknown = bytes
  if (shape === 'amount' || shape === 'counter') {
    value = bytesToBigint(bytes)
    if (bytes.length !== (shape === 'amount' ? AMOUNT_BYTES : COUNTER_BYTES) || value === 0n) {
      damage.push(`${prefix}: no canonical number, ${toHex(bytes)}`)
    }
  } else if (shape === 'mark') {
    if (bytes.length !== 1 || bytes[0] !== 1) {
      damage.push(`${prefix}: no mark, ${toHex(bytes)}`)
    }
  } else if (shape !== 'bytes') {
    value = shape.decode(bytes)
    if (!equalBytes(shape.encode(value as never).finish(), bytes)) {
      damage.push(`${prefix}: no canonical record, ${toHex(bytes)}`)
    }
  }
  decoded.set(bytes, value)
  return value
}

export function hexNumber(field: string): bigint {
  return BigInt(`0x${field}`)
}

export function numberHex(value: bigint | number, bytes: number): string {
  return BigInt(value)
    .toString(16)
    .padStart(2 * bytes, '0')
}
