/**
 * The work that a tab does for the host, on the wire. A tab holds the one lease and gets requests as events; it answers with
 * replies named by lease and request. This mirrors the host's ComputePort (probe, race with its listener, check, findOne) and InferencePort (load, generate with its listener, score),
 * multiplexed by request id. Read next: compute-relay.ts (the host's end), compute-serve.ts (the tab's end).
 */
import { z } from 'zod'
import { backendKindSchema, deviceReportSchema, raceProgressSchema, shapeSchema } from '../snapshot.ts'
import {
  clientIdSchema,
  codedErrorSchema,
  codeSchema,
  countSchema,
  hexSchema,
  leaseIdSchema,
  ppmSchema,
  textSchema,
  u64Schema,
} from '../wire.ts'
import { generateJobSchema, inferenceReplySchemas, scoreJobSchema } from './inference-wire.ts'

/** Nonces of one check on the wire; the relay splits longer jobs. */
export const MAX_CHECK_NONCES = 1_024
/** Finds of one reply; the tab splits longer batches. */
export const MAX_REPLY_FINDS = 1_024

const raceJobSchema = z.object({
  shape: shapeSchema,
  epochSeed: hexSchema(32),
  host: hexSchema(20),
  target: hexSchema(32),
  startNonce: u64Schema,
  backend: backendKindSchema,
  dutyPpm: ppmSchema.min(1),
})

const checkJobSchema = z.object({
  shape: shapeSchema,
  epochSeed: hexSchema(32),
  host: hexSchema(20),
  nonces: z.array(u64Schema).max(MAX_CHECK_NONCES),
})

export const computeJobSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('probe') }),
  z.object({ kind: z.literal('race'), job: raceJobSchema }),
  z.object({ kind: z.literal('check'), job: checkJobSchema }),
  z.object({ kind: z.literal('find_one'), job: raceJobSchema }),
  z.object({ kind: z.literal('load_model'), model: textSchema(64) }),
  z.object({ kind: z.literal('generate'), job: generateJobSchema }),
  z.object({ kind: z.literal('score'), job: scoreJobSchema }),
])

export const leaseInputSchema = z.object({ clientId: clientIdSchema, force: z.boolean() })

export const leaseEventSchema = z.discriminatedUnion('type', [
  /** This tab computes until the iterator ends. */
  z.object({ type: z.literal('granted'), leaseId: leaseIdSchema }),
  /** Another tab computes; the iterator ends. `force` takes over. */
  z.object({ type: z.literal('held_elsewhere') }),
  /** Another tab took over; the iterator ends. */
  z.object({ type: z.literal('revoked') }),
  z.object({ type: z.literal('request'), requestId: countSchema, request: computeJobSchema }),
  /** Stop the named request; a race answers `race_done`, the others `failed` with code `aborted`. */
  z.object({ type: z.literal('cancel'), requestId: countSchema }),
])

export const computeReplySchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('probe_report'), report: deviceReportSchema }),
  z.object({ type: z.literal('race_progress'), progress: raceProgressSchema }),
  z.object({ type: z.literal('race_finds'), nonces: z.array(u64Schema).min(1).max(MAX_REPLY_FINDS) }),
  z.object({ type: z.literal('race_notice'), code: codeSchema }),
  z.object({ type: z.literal('race_done'), progress: raceProgressSchema }),
  z.object({ type: z.literal('digests'), digests: z.array(hexSchema(32)).max(MAX_CHECK_NONCES) }),
  z.object({ type: z.literal('find'), nonce: u64Schema }),
  ...inferenceReplySchemas,
  z.object({ type: z.literal('failed'), error: codedErrorSchema }),
  /** Still at work: a check or a search that takes long says so. */
  z.object({ type: z.literal('working') }),
])

export const replyInputSchema = z.object({ leaseId: leaseIdSchema, requestId: countSchema, reply: computeReplySchema })

/** `stale_lease`: another tab computes now, stop. `unknown_request`: cancelled or over, drop it. */
export const replyOutcomeSchema = z.object({ outcome: z.enum(['accepted', 'stale_lease', 'unknown_request']) })

export type ComputeJobWire = z.infer<typeof computeJobSchema>
export type RaceJobWire = z.infer<typeof raceJobSchema>
export type CheckJobWire = z.infer<typeof checkJobSchema>
export type LeaseInput = z.infer<typeof leaseInputSchema>
export type LeaseEvent = z.infer<typeof leaseEventSchema>
export type ComputeReply = z.infer<typeof computeReplySchema>
export type ReplyInput = z.infer<typeof replyInputSchema>
export type ReplyOutcome = z.infer<typeof replyOutcomeSchema>['outcome']
