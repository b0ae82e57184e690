import type { Prefix } from '../../../../src/chain/state/key-space.ts'
import { stateKey } from '../../../../src/chain/state/key-space.ts'
import { LedgerEntry } from '../../../../src/protocol/gen/tailrace/v1/query.ts'
import {
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

/** A field of a key: so many bytes, or a text at its end, or one behind its length. */
type KeyField = number | 'text' | 'sized'

interface Codec {
  encode(message: never): { finish(): Uint8Array }
  decode(bytes: Uint8Array): object
}

/** How keys of a kind are put together, and what stands under them. */
export interface RecordShape {
  readonly key: readonly KeyField[]
  readonly value: Codec | 'amount' | 'counter' | 'mark' | 'bytes'
}

const ADDRESS = 20
const HASH = 32
const NUMBER = 8
const INDEX = 4
const BYTE = 1

/** Every kind of record that the state may hold: a prefix that is missing here does not compile. */
export const RECORD_SHAPES: Readonly<Record<Prefix, RecordShape>> = {
  status: { key: [], value: ChainStatus },
  params: { key: [], value: 'bytes' },
  validator: { key: [ADDRESS], value: ValidatorState },
  supply: { key: [], value: SupplyState },
  hostTotals: { key: [], value: HostTotals },
  randomness: { key: [NUMBER], value: 'bytes' },
  balance: { key: [ADDRESS], value: 'amount' },
  sequence: { key: [ADDRESS], value: 'counter' },
  host: { key: [ADDRESS], value: HostState },
  device: { key: [ADDRESS], value: 'bytes' },
  held: { key: [ADDRESS, NUMBER], value: 'amount' },
  ledger: { key: [ADDRESS, NUMBER], value: LedgerEntry },
  ledgerTotals: { key: [ADDRESS], value: LedgerTotals },
  peer: { key: [HASH], value: 'bytes' },
  consensus: { key: [], value: ConsensusState },
  carrier: { key: [ADDRESS], value: CarrierState },
  liveness: { key: [ADDRESS], value: LivenessState },
  heartbeats: { key: [ADDRESS], value: HeartbeatState },
  appHash: { key: [NUMBER], value: 'bytes' },
  rotation: { key: [NUMBER], value: RotationState },
  upgradePlan: { key: [], value: UpgradePlanState },
  upgradeVote: { key: [ADDRESS], value: UpgradeVoteState },
  epoch: { key: [NUMBER], value: EpochState },
  target: { key: [NUMBER, 'text'], value: 'bytes' },
  race: { key: [NUMBER, ADDRESS], value: RaceState },
  finds: { key: [NUMBER, ADDRESS, NUMBER], value: 'bytes' },
  sample: { key: [NUMBER, BYTE, ADDRESS], value: SampleState },
  verification: { key: [NUMBER, ADDRESS, BYTE], value: VerificationState },
  openedLeaf: { key: [NUMBER, BYTE, ADDRESS, INDEX], value: OpenedLeafState },
  auditSlot: { key: [NUMBER, INDEX], value: LeafRef },
  extensionPending: { key: [NUMBER, ADDRESS], value: 'mark' },
  mismatchBacklog: { key: [NUMBER, ADDRESS, BYTE], value: 'mark' },
  rootsByHeight: { key: [NUMBER, ADDRESS, BYTE], value: 'mark' },
  stamp: { key: [NUMBER, ADDRESS, NUMBER], value: 'mark' },
  reexecution: { key: [BYTE, NUMBER], value: ReexecutionItem },
  reexecutionCounter: { key: [], value: 'counter' },
  model: { key: ['text'], value: ModelState },
  roster: { key: ['sized', NUMBER], value: RosterState },
  service: { key: [ADDRESS, 'text'], value: ServiceState },
  escrow: { key: [ADDRESS], value: EscrowState },
  escrowOfOwner: { key: [ADDRESS, ADDRESS], value: 'mark' },
  escrowRelease: { key: [NUMBER, ADDRESS], value: 'mark' },
  lane: { key: [ADDRESS, ADDRESS], value: LaneState },
  batchCounter: { key: [], value: 'counter' },
  batch: { key: [NUMBER], value: BatchState },
  batchOfHost: { key: [ADDRESS, NUMBER], value: 'mark' },
  openBatches: { key: [ADDRESS, NUMBER], value: 'amount' },
  payerCredit: { key: [NUMBER, ADDRESS, ADDRESS, 'text'], value: 'amount' },
  openBatch: { key: [ADDRESS, NUMBER], value: 'mark' },
  check: { key: [NUMBER, INDEX], value: CheckState },
  workDuty: { key: [ADDRESS, BYTE, NUMBER, INDEX], value: 'mark' },
  due: { key: [NUMBER, NUMBER, INDEX], value: 'mark' },
}

export const PREFIXES = Object.keys(RECORD_SHAPES) as readonly Prefix[]

const PREFIX_OF_BYTE = new Map(PREFIXES.map((prefix) => [stateKey(prefix)[0] as number, prefix]))

/** Undefined where the state has no such kind. */
export function prefixOfKey(key: Uint8Array): Prefix | undefined {
  return PREFIX_OF_BYTE.get(key[0] as number)
}

/** The fields of a key, or undefined where it has another form. */
export function keyFields(shape: RecordShape, key: Uint8Array): Uint8Array[] | undefined {
  const fields: Uint8Array[] = []
  let at = 1
  for (const field of shape.key) {
    const start = field === 'sized' ? at + 1 : at
    const length = field === 'text' ? key.length - at : field === 'sized' ? (key[at] ?? 0) : field
    if (length <= 0 && field !== 'text') {
      return undefined
    }
    fields.push(key.subarray(start, start + length))
    at = start + length
  }
  return at === key.length ? fields : undefined
}
