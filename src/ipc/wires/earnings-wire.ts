/** Earnings by epoch, as the why-ledger gives them: the screen sums them up by day, kind and device, and forecasts. */
import { z } from 'zod'
import { addressSchema, amountSchema, codeSchema, countSchema, ppmSchema, textSchema, u64Schema } from '../wire.ts'

export const MAX_EARNING_EPOCHS = 400
export const MAX_EARNING_LINES = 64

/** utail of one reason in one epoch. */
export const earningLineSchema = z.object({
  kind: z.enum(['hold', 'credit', 'bond', 'debit', 'zero']),
  reason: codeSchema,
  amount: amountSchema,
  entries: countSchema,
})

export const earningEpochSchema = z.object({
  epoch: countSchema,
  /** Chain time of the first and of the last block, Unix ms; of a running epoch the newest block. */
  startedAtMs: countSchema,
  endedAtMs: countSchema,
  isClosed: z.boolean(),
  /** Which machine acted for the owner: the device address and the name that it registered. */
  device: z.object({ address: addressSchema, name: textSchema(64) }),
  /** Share of the epoch's emission that it earned; of the running epoch the weight in force. */
  weightPpm: ppmSchema,
  lines: z.array(earningLineSchema).max(MAX_EARNING_LINES),
})

/** Sums of the why-ledger, utail. */
export const earningSumsSchema = z.object({
  held: amountSchema,
  credited: amountSchema,
  bonded: amountSchema,
  debitedHeld: amountSchema,
  debitedBond: amountSchema,
})

export const earningsInputSchema = z.object({
  /** The newest epochs before this one; absent = up to the running one. */
  beforeEpoch: countSchema.optional(),
  limit: z.number().int().min(1).max(MAX_EARNING_EPOCHS),
})

export const earningsPageSchema = z.object({
  /** Newest first: those with an entry of the ledger, and the running one. */
  epochs: z.array(earningEpochSchema).max(MAX_EARNING_EPOCHS),
  /** Older ones exist. */
  hasMore: z.boolean(),
  /** Nominal length of an epoch. */
  epochMs: countSchema.min(1),
  /** Over all entries ever written; what all epochs come to is `totals` less `missing`, to the last unit. */
  totals: earningSumsSchema,
  /** Of entries that the chain keeps no longer one by one: what they came to is known, their days and reasons are not. */
  missing: earningSumsSchema.extend({ entries: u64Schema }),
  /** Earlier epochs may lack some of their lines; 0 where nothing is missing. */
  completeFromEpoch: countSchema,
})

export type EarningLine = z.infer<typeof earningLineSchema>
export type EarningEpoch = z.infer<typeof earningEpochSchema>
export type EarningSums = z.infer<typeof earningSumsSchema>
export type EarningsPage = z.infer<typeof earningsPageSchema>
export type EarningsInput = z.infer<typeof earningsInputSchema>
