/**
 * Everything the screen shows, as one immutable JSON value: the host builds it, the screen draws it and keeps no state of its
 * own about the network. Invariant: a snapshot is complete, so a screen that missed some needs only the newest.
 */
import { z } from 'zod'
import {
  addressSchema,
  amountSchema,
  clientIdSchema,
  codeSchema,
  countSchema,
  fieldsSchema,
  hexSchema,
  measureSchema,
  ppmSchema,
  textSchema,
  u64Schema,
  weightSchema,
} from './wire.ts'
import { settingsStateSchema } from './wires/settings-wire.ts'
import { troubleSchema } from './wires/trouble-wire.ts'
import { walletStateSchema } from './wires/wallet-wire.ts'
import { gatewaySnapshotSchema, workSnapshotSchema } from './work-snapshot.ts'

export const MAX_HOSTS = 200
export const MAX_MODELS = 32
export const RECENT_ENTRIES = 50

/** The phases of a host (host/view.ts has the same list; the composition root proves it by type). */
export const SCREEN_PHASES = [
  'idle',
  'checking_device',
  'joining',
  'waiting_for_race',
  'racing',
  'being_verified',
  'settled',
  'leaving',
  'stopped_by_fault',
] as const
export type ScreenPhase = (typeof SCREEN_PHASES)[number]

export const backendKindSchema = z.enum(['webgpu', 'cpu'])
export const shapeSchema = z.enum(['dev', 'std'])

export const epochSchema = z.object({
  epoch: countSchema,
  /** Stage of the next block. */
  stage: z.enum(['seeding', 'race', 'verify', 'serve']),
  height: countSchema,
  /** Nominal block interval. */
  blockTimeMs: countSchema.min(1),
  startHeight: countSchema,
  raceEndHeight: countSchema,
  settleHeight: countSchema,
  closeHeight: countSchema,
  /** When the host saw the last block arrive, on the host's clock. */
  lastBlockAtMs: countSchema,
  blocksToNextRace: countSchema,
})

const shortTextSchema = textSchema(64)

/** What WebGPU says of an adapter; empty where the browser hides it. */
export const adapterDetailsSchema = z.object({
  vendor: shortTextSchema,
  architecture: shortTextSchema,
  device: shortTextSchema,
  description: shortTextSchema,
  features: z.array(shortTextSchema).max(64),
  languageFeatures: z.array(shortTextSchema).max(64),
  limits: z.array(z.object({ name: shortTextSchema, value: countSchema })).max(32),
})

export const backendReportSchema = z.object({
  kind: backendKindSchema,
  adapter: textSchema(128),
  isSoftware: z.boolean(),
  conformant: z.boolean(),
  firstDifference: textSchema(256).optional(),
  conformanceDigest: hexSchema(32),
  attemptsPerSecond: measureSchema,
  details: adapterDetailsSchema.optional(),
})

export const deviceReportSchema = z.object({ backends: z.array(backendReportSchema).max(8) })

export const raceProgressSchema = z.object({
  attempts: countSchema,
  finds: countSchema,
  attemptsPerSecond: measureSchema,
  backend: backendKindSchema,
  faultyFinds: countSchema,
})

/** This host's record on chain. Amounts in utail. */
export const standingSchema = z.object({
  active: z.boolean(),
  shape: textSchema(32),
  moniker: textSchema(64),
  registeredHeight: countSchema,
  weight: weightSchema,
  weightPpm: ppmSchema,
  reputationPpm: ppmSchema,
  held: amountSchema,
  bond: amountSchema,
  credited: amountSchema,
  faults: countSchema,
  lastFaultCode: textSchema(64),
  lastFaultTx: textSchema(64),
  lastFaultHeight: countSchema,
  raceEpoch: countSchema,
  finds: countSchema,
  findsVerified: countSchema,
  /** 'pending', 'verified', 'too_few_finds', 'unverified', 'convicted' or 'none'. */
  raceVerdict: textSchema(32),
})

export const networkHostSchema = z.object({
  address: addressSchema,
  moniker: textSchema(64),
  active: z.boolean(),
  weightPpm: ppmSchema,
  reputationPpm: ppmSchema,
  /** Finds of the running or last race. */
  finds: countSchema,
  raceVerdict: textSchema(32),
  faults: countSchema,
  /** A heartbeat arrived of late; always true of oneself while the host runs. */
  online: z.boolean(),
  isSelf: z.boolean(),
})

export const ledgerEntrySchema = z.object({
  sequence: u64Schema,
  height: countSchema,
  epoch: countSchema,
  kind: z.enum(['hold', 'credit', 'bond', 'debit', 'zero', 'weight']),
  /** utail; for `weight` the weight. */
  amount: weightSchema,
  /** Reason code of protocol/reasons.ts. */
  reason: codeSchema,
  /** Upper-case hex, or empty. */
  txHash: z
    .string()
    .max(64)
    .regex(/^[0-9A-F]*$/),
})

/** Totals over all entries ever written, utail. */
export const ledgerTotalsSchema = z.object({
  lastSequence: u64Schema,
  held: amountSchema,
  credited: amountSchema,
  bonded: amountSchema,
  debitedHeld: amountSchema,
  debitedBond: amountSchema,
})

export const noticeSchema = z.object({
  sequence: countSchema,
  atMs: countSchema,
  level: z.enum(['info', 'warning', 'error']),
  code: codeSchema,
  fields: fieldsSchema,
})

export const leaseStateSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('free') }),
  z.object({ state: z.literal('held'), clientId: clientIdSchema, sinceMs: countSchema }),
])

/** The parameters that sentences on the screen need. */
export const rulesSchema = z.object({
  /** 'local' networks are on this computer alone: what they pay has no value elsewhere. */
  network: z.enum(['local', 'public']),
  /** Epochs until held earnings are credited. */
  holdEpochs: countSchema,
  minFinds: countSchema,
  sampleSize: countSchema,
  verifiersPerHost: countSchema,
  /** utail minted at each close, at most. */
  emissionPerEpoch: amountSchema,
  bondPpm: ppmSchema,
  weightCapPpm: ppmSchema,
  /** Blocks between two changes of a model's price. */
  priceBlocks: countSchema,
})

/** A model that the network serves. */
export const networkModelSchema = z.object({
  model: textSchema(64),
  /** utail for a million output tokens. */
  price: amountSchema,
  /** In the newest roster: those who can be drawn for it. */
  hosts: countSchema,
  contextTokens: countSchema,
})

export const screenSnapshotSchema = z.object({
  /** Of this software. */
  version: textSchema(32),
  /** The host's clock when it built the snapshot, Unix milliseconds. */
  nowMs: countSchema,
  chain: z.object({
    chainId: textSchema(64),
    height: countSchema,
    connection: z.enum(['connecting', 'connected', 'disconnected']),
  }),
  rules: rulesSchema.nullable(),
  epoch: epochSchema.nullable(),
  phase: z.enum(SCREEN_PHASES),
  joined: z.boolean(),
  ownerAddress: addressSchema,
  deviceAddress: addressSchema,
  peerId: textSchema(128),
  peers: countSchema,
  device: deviceReportSchema.nullable(),
  /** The backend in use and why not a faster one: a code, or `not_conformant:` and what differed. */
  backend: z.object({ kind: backendKindSchema, reason: textSchema(600) }).nullable(),
  /** What the host says about earning on this device: a code, or null where a real GPU works. */
  earningNotice: z.object({ code: codeSchema, fields: fieldsSchema }).nullable(),
  race: raceProgressSchema.extend({ epoch: countSchema, committed: countSchema }).nullable(),
  duties: z.object({ drawn: countSchema, answered: countSchema, missed: countSchema }),
  standing: standingSchema.nullable(),
  /** utail. */
  balance: amountSchema,
  hosts: z.array(networkHostSchema).max(MAX_HOSTS),
  hostsTotal: countSchema,
  models: z.array(networkModelSchema).max(MAX_MODELS),
  /** Newest first. */
  ledger: z.array(ledgerEntrySchema).max(RECENT_ENTRIES),
  ledgerTotals: ledgerTotalsSchema.nullable(),
  /** Newest first. */
  notices: z.array(noticeSchema).max(RECENT_ENTRIES),
  lease: leaseStateSchema,
  /** Paid work; null where this host does none. */
  work: workSnapshotSchema.nullable(),
  /** The gateway that this application runs; null where there is none. */
  gateway: gatewaySnapshotSchema.nullable(),
  endpoints: z.object({ rpc: textSchema(256), screen: textSchema(256) }),
  dataFolder: textSchema(1_024),
  logFolder: textSchema(1_024),
  settings: settingsStateSchema,
  wallet: walletStateSchema,
  /** Worst first; empty where all is well. */
  troubles: z.array(troubleSchema).max(16),
  /** Which shell shows this: a browser tab over the service, or the desktop application. */
  shell: z.enum(['service', 'desktop']),
  /** A newer version that can be had; null where none is known. */
  update: z.object({ version: textSchema(32), state: z.enum(['available', 'downloaded']) }).nullable(),
  times: z.object({
    joinRequestedAtMs: countSchema.nullable(),
    firstFindAtMs: countSchema.nullable(),
    firstEarningAtMs: countSchema.nullable(),
    clickToFirstFindMs: countSchema.nullable(),
    clickToFirstEarningMs: countSchema.nullable(),
  }),
})

export type ScreenSnapshot = z.infer<typeof screenSnapshotSchema>
export type EpochClock = z.infer<typeof epochSchema>
export type BackendReportWire = z.infer<typeof backendReportSchema>
export type AdapterDetailsWire = z.infer<typeof adapterDetailsSchema>
export type DeviceReportWire = z.infer<typeof deviceReportSchema>
export type Standing = z.infer<typeof standingSchema>
export type NetworkHost = z.infer<typeof networkHostSchema>
export type NetworkModel = z.infer<typeof networkModelSchema>
export type LedgerEntryWire = z.infer<typeof ledgerEntrySchema>
export type LedgerTotalsWire = z.infer<typeof ledgerTotalsSchema>
export type NoticeWire = z.infer<typeof noticeSchema>
export type LeaseState = z.infer<typeof leaseStateSchema>
export type Rules = z.infer<typeof rulesSchema>
