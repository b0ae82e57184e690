/**
 * The part of the snapshot about paid work: what this host serves and was paid for, and the gateway on this computer. Amounts in
 * utail. Bounded lists, newest first.
 */
import { z } from 'zod'
import {
  addressSchema,
  amountSchema,
  codeSchema,
  countSchema,
  fieldsSchema,
  hexSchema,
  measureSchema,
  ppmSchema,
  textSchema,
} from './wire.ts'

export const MAX_JOBS = 30
export const MAX_ORDERS = 30
export const MAX_BATCHES = 20
export const MAX_CHECKS = 30

const modelSchema = textSchema(64)
const txHashSchema = z
  .string()
  .max(64)
  .regex(/^[0-9A-F]*$/)

/** States of a check (protocol: work in docs/decisions/0009): where a drawn receipt stands. */
export const CHECK_STATES = [
  'drawn',
  'opened',
  'demanded',
  'disputed',
  'committing',
  'revealing',
  'passed',
  'failed',
  'void',
  'withheld',
  'unchecked',
] as const
export type CheckStateName = (typeof CHECK_STATES)[number]

/** Codes of `idleReason`, with their fields in brackets. */
export const IDLE_REASONS = [
  'not_joined',
  /** [nextRaceBlocks] */
  'no_weight',
  /** [model] */
  'model_loading',
  /** [model, error] */
  'model_unavailable',
  'not_registered',
  /** [model, blocks] */
  'not_in_roster',
  /** [model] */
  'no_orders',
  /** [reason]: the refusal's code. */
  'busy_racing',
  /** [batches] */
  'checks_open',
  /** [code]: the fault's. */
  'convicted',
  'low_reputation',
] as const
export type IdleReason = (typeof IDLE_REASONS)[number]

/** Steps of Finish, in their order. */
export const FINISHING_STEPS = ['orders', 'batching', 'draws', 'leaving'] as const
export type FinishingStep = (typeof FINISHING_STEPS)[number]

/** One model that this host serves or could not load. */
export const serviceSchema = z.object({
  model: modelSchema,
  /** `loading`, `ready` (on this machine), `registered` (on chain), `drawable` (in the newest roster), `unavailable`. */
  state: z.enum(['loading', 'ready', 'registered', 'drawable', 'unavailable']),
  numericClass: textSchema(32),
  backend: z.enum(['webgpu', 'wasm']).nullable(),
  adapter: textSchema(128),
  tokensPerSecond: measureSchema,
  /** Why not the other backend, or why unavailable: a code. */
  reason: textSchema(128),
  reputationPpm: ppmSchema,
  /** Share of this host's value that is checked at present. */
  checkPpm: ppmSchema,
  receipts: countSchema,
  checksPassed: countSchema,
  checksFailed: countSchema,
  withheld: countSchema,
  /** utail for a million output tokens. */
  price: amountSchema,
})

/** An order that this host took. */
export const jobSchema = z.object({
  orderHash: hexSchema(32),
  atMs: countSchema,
  model: modelSchema,
  payer: addressSchema,
  state: z.enum(['running', 'delivered', 'countersigned', 'batched', 'failed']),
  promptTokens: countSchema,
  outputTokens: countSchema,
  /** Of the receipt; 0 before there is one. */
  price: amountSchema,
  errorCode: codeSchema.nullable(),
  /** The batch that it went into, and the check where it was drawn. */
  batch: amountSchema.nullable(),
  check: z.enum(CHECK_STATES).nullable(),
})

/** A batch of this host on its way: batched in tx … → drawn → checked → held → credited. */
export const batchSchema = z.object({
  id: amountSchema,
  model: modelSchema,
  epoch: countSchema,
  height: countSchema,
  txHash: txHashSchema,
  sum: amountSchema,
  leaves: countSchema,
  state: z.enum(['accepted', 'checking', 'paid', 'refunded']),
  points: countSchema,
  openChecks: countSchema,
  refunded: amountSchema,
  checks: z.array(z.enum(CHECK_STATES)).max(64),
})

/** A check that this host did of somebody else's work. */
export const doneCheckSchema = z.object({
  batch: amountSchema,
  point: countSchema,
  atMs: countSchema,
  role: z.enum(['verifier', 'arbiter']),
  executor: addressSchema,
  verdict: z.enum(['pass', 'fail', 'unavailable', 'valid', 'invalid', 'pending']),
})

export const workSnapshotSchema = z.object({
  services: z.array(serviceSchema).max(16),
  queue: countSchema,
  jobs: z.array(jobSchema).max(MAX_JOBS),
  batches: z.array(batchSchema).max(MAX_BATCHES),
  checks: z.array(doneCheckSchema).max(MAX_CHECKS),
  /** Step of Finish, null when not finishing. */
  finishing: z.enum(FINISHING_STEPS).nullable(),
  /** What leaving now forfeits at most. */
  forfeits: z.object({ unbatched: amountSchema, openBatches: amountSchema }),
  /** Why nothing is earned from orders at present, or null: a code with its data. */
  idleReason: z.object({ code: codeSchema, fields: fieldsSchema }).nullable(),
})

/** An order of the gateway on this computer, and who drew it. */
export const orderSchema = z.object({
  orderHash: hexSchema(32),
  atMs: countSchema,
  model: modelSchema,
  /** Empty while it is being drawn. */
  executor: addressSchema,
  skipped: z.array(z.object({ host: addressSchema, reason: codeSchema })).max(4),
  state: z.enum(['drawing', 'streaming', 'done', 'failed']),
  promptTokens: countSchema,
  outputTokens: countSchema,
  price: amountSchema,
  errorCode: codeSchema.nullable(),
  batch: amountSchema.nullable(),
})

export const gatewaySnapshotSchema = z.object({
  state: z.enum(['starting', 'ready', 'down']),
  /** `http://127.0.0.1:port/v1` */
  baseUrl: textSchema(256),
  /** Of the local developer; the screen is on the same computer. */
  apiKey: textSchema(64),
  model: modelSchema,
  escrow: z
    .object({ payer: addressSchema, deposited: amountSchema, available: amountSchema, paid: amountSchema })
    .nullable(),
  orders: z.array(orderSchema).max(MAX_ORDERS),
})

export type WorkSnapshot = z.infer<typeof workSnapshotSchema>
export type GatewaySnapshot = z.infer<typeof gatewaySnapshotSchema>
export type ServiceWire = z.infer<typeof serviceSchema>
export type JobWire = z.infer<typeof jobSchema>
export type BatchWire = z.infer<typeof batchSchema>
export type OrderWire = z.infer<typeof orderSchema>
export type DoneCheckWire = z.infer<typeof doneCheckSchema>
