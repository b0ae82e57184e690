/** Options and arguments that several commands share. */
import { z } from 'zod'
import type { OptionSpec, PositionalSpec } from './command.ts'

const FOLDER = z.string().min(1).max(1_024)

export const HOME: OptionSpec<string | undefined> = {
  schema: FOLDER.optional(),
  value: 'DIR',
  summary: 'data folder (default: the platform’s place for application data)',
}
export const MEMBER_HOME: OptionSpec<string> = {
  schema: FOLDER,
  value: 'DIR',
  summary: 'folder of its keys and data',
}
export const JSON_OUTPUT: OptionSpec<boolean> = flag('print one JSON document')
export const YES: OptionSpec<boolean> = flag('do not ask')
export const RPC: OptionSpec<string> = {
  schema: z.url('must be a URL').max(256),
  value: 'URL',
  summary: 'RPC address of a chain node',
}
const MULTIADDRESSES = z.array(z.string().startsWith('/', 'must begin with “/”').max(256))
export const LISTEN: OptionSpec<string[]> = {
  schema: MULTIADDRESSES.max(8).default([]),
  value: 'ADDRESS',
  isMany: true,
  summary: 'multiaddress to listen on',
}
export const BOOTSTRAP: OptionSpec<string[]> = {
  schema: MULTIADDRESSES.max(32).default([]),
  value: 'ADDRESS',
  isMany: true,
  summary: 'multiaddress of a peer to begin with',
}
export const MODELS_FOLDER: OptionSpec<string | undefined> = {
  schema: FOLDER.optional(),
  value: 'DIR',
  summary: 'folder in which model files are kept',
}
export const OUTPUT_FILE: OptionSpec<string | undefined> = {
  schema: FOLDER.optional(),
  value: 'FILE',
  summary: 'write to this file instead of the terminal',
}
export const ORDER: PositionalSpec<string> = {
  schema: z.string().regex(/^[0-9a-f]{64}$/, 'must be the 64 hex digits of an order (`tailrace receipt list`)'),
  summary: 'hash of an order',
}

/** A switch that is off where it is not given. */
export function flag(summary: string): OptionSpec<boolean> {
  return { schema: z.boolean().default(false), summary }
}

/** A whole number within bounds. */
export function wholeNumber(least: number, most: number): z.ZodType<number> {
  const words = `must be a whole number from ${least} to ${most}`
  return z
    .string()
    .regex(/^[0-9]{1,15}$/, { error: words, abort: true })
    .transform(Number)
    .refine((value) => value >= least && value <= most, words)
}

export function portOption(fallback: number, summary: string): OptionSpec<number> {
  return { schema: wholeNumber(0, 65_535).default(fallback), value: 'N', summary }
}

/** Off unless it is given: what is measured is nobody else's business. */
export const METRICS_PORT: OptionSpec<number | undefined> = {
  schema: wholeNumber(0, 65_535).optional(),
  value: 'N',
  summary: 'serve metrics for Prometheus at this port of loopback',
}

/** utail, as a bigint. */
export function amountOption(fallback: bigint, summary: string): OptionSpec<bigint> {
  const digits = z.string().regex(/^(0|[1-9][0-9]{0,14})$/, 'must be a whole number of utail')
  return { schema: digits.transform((text) => BigInt(text)).default(fallback), value: 'UTAIL', summary }
}
