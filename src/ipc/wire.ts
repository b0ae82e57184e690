/**
 * The building blocks of every message between screen and host: JSON values only (so that a WebSocket, a message port and a
 * log line carry the same), bytes as lower-case hex, 64-bit and larger integers as decimal strings. Invariant: each string
 * and each list has a bound, so a message has one. Read next: contract.ts (the procedures), snapshot.ts (what the screen
 * shows), compute-wire.ts (the work that a tab does for the host).
 */
import { z } from 'zod'

// Compiled checks need `eval`, which the page's content security policy forbids; both ends take the same path.
z.config({ jitless: true })

/** Bytes of one message in either direction. */
export const MAX_MESSAGE_BYTES = 1_048_576

/** Digits of the largest amount: 2^128 has 39. */
const AMOUNT_DIGITS = 39
const U64_MAX = (1n << 64n) - 1n

/** Non-negative decimal integer without leading zeros, at most 39 digits. */
export const amountSchema = z
  .string()
  .max(AMOUNT_DIGITS)
  .regex(/^(0|[1-9][0-9]*)$/)

/** Weights are finds × ⌊2^256 / target⌋ × MACs: up to 100 digits. */
export const weightSchema = z
  .string()
  .max(100)
  .regex(/^(0|[1-9][0-9]*)$/)

/** Unsigned 64-bit integer in decimal. */
export const u64Schema = z
  .string()
  .max(20)
  .regex(/^(0|[1-9][0-9]*)$/, { abort: true })
  .refine((text) => BigInt(text) <= U64_MAX, 'more than 64 bits')

/** Lower-case hex of exactly `bytes` bytes. */
export function hexSchema(bytes: number): z.ZodString {
  return z
    .string()
    .length(2 * bytes)
    .regex(/^[0-9a-f]*$/)
}

/** Count, height or time: a non-negative safe integer. */
export const countSchema = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)

/** A finite non-negative measure, such as attempts per second. */
export const measureSchema = z.number().nonnegative().max(1e15)

export const ppmSchema = z.number().int().min(0).max(1_000_000)

/** A stable code: lower-case words joined by underscores or dots. */
export const codeSchema = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[a-z0-9_.:-]+$/)

/** tail1… or, where nothing is registered, empty. */
export const addressSchema = z
  .string()
  .max(64)
  .regex(/^[a-z0-9]*$/)

/** Text for people; never matched on. */
export function textSchema(maxLength: number): z.ZodString {
  return z.string().max(maxLength)
}

/** Typed fields beside a code. */
export const fieldsSchema = z
  .record(z.string().max(64), z.union([z.string().max(512), z.number(), z.boolean()]))
  .refine((fields) => Object.keys(fields).length <= 32, 'more than 32 fields')

export const codedErrorSchema = z.object({
  code: codeSchema,
  message: textSchema(1_024),
  fields: fieldsSchema.optional(),
})

/** Names one tab for as long as its page lives: 16 random bytes. */
export const clientIdSchema = hexSchema(16)
export const leaseIdSchema = hexSchema(16)
