/** Serving a model in a tab, on the wire of the compute lease: the inference port's jobs and answers as JSON (compute-wire.ts). */
import { z } from 'zod'
import { fromHex, toHex } from '../../lib/bytes.ts'
import type { GenerateJob, InferenceReport, ScoreJob, ScoreResult } from '../../protocol/inference.ts'
import { SCORE_BYTES } from '../../protocol/inference.ts'
import { countSchema, hexSchema, measureSchema, textSchema } from '../wire.ts'

/** A tab takes shorter texts than the network allows: a message of the socket has to hold them. */
export const TAB_LIMITS = { promptTokens: 32_768, outputTokens: 4_096, chunkTokens: 64 } as const

const tokenSchema = z.number().int().min(0).max(4_294_967_295)
const fixedSchema = z.number().int().min(-2_147_483_648).max(2_147_483_647)

/** Hex of whole score records. */
function scoresSchema(tokens: number): z.ZodString {
  return z
    .string()
    .max(2 * SCORE_BYTES * tokens)
    .regex(/^([0-9a-f]{2})*$/)
}

const samplingSchema = z.object({
  temperature: tokenSchema,
  topK: tokenSchema,
  topP: tokenSchema,
  frequencyPenalty: fixedSchema,
  presencePenalty: fixedSchema,
  logitBias: z.array(z.object({ token: tokenSchema, bias: fixedSchema })).max(1_024),
})

const jobFields = {
  model: textSchema(64),
  prompt: z.array(tokenSchema).max(TAB_LIMITS.promptTokens),
  sampling: samplingSchema,
  samplingSeed: hexSchema(32),
  choice: countSchema,
  stop: z.array(textSchema(256)).max(16),
}
export const generateJobSchema = z.object({
  ...jobFields,
  maxTokens: z.number().int().min(1).max(TAB_LIMITS.outputTokens),
})
export const scoreJobSchema = z.object({
  ...jobFields,
  output: z.array(tokenSchema).max(TAB_LIMITS.outputTokens),
  engine: z.enum(['own', 'reference']),
})

export const inferenceReportSchema = z.object({
  model: textSchema(64),
  backend: z.enum(['webgpu', 'wasm']),
  numericClass: textSchema(32),
  adapter: textSchema(128),
  contextTokens: countSchema,
  tokensPerSecond: measureSchema,
  choiceReason: textSchema(64),
  canaryDifference: countSchema,
})

export const inferenceReplySchemas = [
  z.object({ type: z.literal('model_report'), report: inferenceReportSchema }),
  z.object({
    type: z.literal('tokens'),
    tokens: z.array(tokenSchema).min(1).max(TAB_LIMITS.chunkTokens),
    scores: scoresSchema(TAB_LIMITS.chunkTokens),
  }),
  z.object({
    type: z.literal('generated'),
    finish: z.enum(['stop', 'length', 'cancelled']),
    outputTokens: countSchema,
  }),
  z.object({
    type: z.literal('scored'),
    numericClass: textSchema(32),
    scores: scoresSchema(TAB_LIMITS.outputTokens),
    margins: z.array(fixedSchema).max(TAB_LIMITS.outputTokens),
    ending: z.enum(['end_token', 'stop_text', 'open']),
  }),
] as const

export function encodeGenerateJob(job: GenerateJob): z.infer<typeof generateJobSchema> {
  return { ...encodeJob(job), maxTokens: job.maxTokens }
}

export function decodeGenerateJob(wire: z.infer<typeof generateJobSchema>): GenerateJob {
  return { ...wire, samplingSeed: fromHex(wire.samplingSeed) }
}

export function encodeScoreJob(job: ScoreJob): z.infer<typeof scoreJobSchema> {
  return { ...encodeJob(job), output: [...job.output], engine: job.engine }
}

export function decodeScoreJob(wire: z.infer<typeof scoreJobSchema>): ScoreJob {
  return { ...wire, samplingSeed: fromHex(wire.samplingSeed) }
}

export function encodeScored(result: ScoreResult): {
  numericClass: string
  scores: string
  margins: number[]
  ending: ScoreResult['ending']
} {
  const { numericClass, ending } = result
  return { numericClass, ending, scores: toHex(result.scores), margins: [...result.margins] }
}

export function encodeReport(report: InferenceReport): z.infer<typeof inferenceReportSchema> {
  return { ...report, adapter: report.adapter.slice(0, 128), choiceReason: report.choiceReason.slice(0, 64) }
}

function encodeJob(job: Omit<GenerateJob, 'maxTokens'>) {
  return {
    model: job.model,
    prompt: [...job.prompt],
    sampling: { ...job.sampling, logitBias: job.sampling.logitBias.map(({ token, bias }) => ({ token, bias })) },
    samplingSeed: toHex(job.samplingSeed),
    choice: job.choice,
    stop: [...job.stop],
  }
}
