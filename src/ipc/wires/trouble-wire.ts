/**
 * What keeps this host from working as it should, right now: each trouble stands in the snapshot from its beginning to its end, with
 * what the sentence needs. Notices tell what happened; troubles tell what is.
 */
import { z } from 'zod'
import { countSchema, fieldsSchema } from '../wire.ts'

export const TROUBLE_CODES = [
  /** No answer from the chain [sinceMs, url]. Nothing is lost: work that waits is sent when it is back. */
  'chain_unreachable',
  /** The chain is far ahead of what this host has seen, it catches up [behindBlocks]. */
  'chain_catching_up',
  /** No block for much longer than a block takes [seconds]. */
  'chain_halted',
  /** The local gateway does not answer [restarts]. */
  'gateway_gone',
  /** A part of the local network keeps stopping [name, restarts]. */
  'member_failing',
  /** Not connected to any other host. */
  'no_peers',
  /** The device was lost and has not come back [backend]. */
  'device_lost',
  /** Joined, but nothing computes: the page that lends the GPU is closed [backend: what computes instead, or none]. */
  'page_closed',
  /** The device or the system had too little memory [model or stage]. */
  'out_of_memory',
  /** A model file does not have its digest; it is fetched again where it can be [model, file]. */
  'model_damaged',
  /** Nothing more can be written [freeBytes, folder]. Racing and serving pause, nothing that was promised is dropped. */
  'disk_full',
  /** Little is left [freeBytes, folder]. */
  'disk_low',
  /** The clock of this computer differs from the chain's [seconds, positive: ahead]. */
  'clock_off',
  /** The computer slept [seconds]; gone after the next block was seen. */
  'resumed',
  /** The owner key is locked and is needed now [action]. */
  'wallet_locked',
  /** The device key expires soon or has expired [blocks]. */
  'device_key_expiring',
] as const
export type TroubleCode = (typeof TROUBLE_CODES)[number]

export const troubleSchema = z.object({
  code: z.enum(TROUBLE_CODES),
  level: z.enum(['warning', 'error']),
  sinceMs: countSchema,
  fields: fieldsSchema,
})
export type Trouble = z.infer<typeof troubleSchema>
