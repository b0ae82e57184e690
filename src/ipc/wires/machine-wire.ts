/** What is read of the machine: memory, disk, temperatures where the system tells them; and the log files. */
import { z } from 'zod'
import { codeSchema, countSchema, fieldsSchema, ppmSchema, textSchema } from '../wire.ts'

export const MAX_LOG_LINES = 500
export const MAX_REPORT_CHARACTERS = 900_000

/** Absent values are not told by this system: shown as such, never as 0. */
export const machineReadingsSchema = z.object({
  atMs: countSchema,
  system: textSchema(128),
  processor: z.object({ name: textSchema(128), cores: countSchema, loadPpm: ppmSchema.nullable() }),
  memory: z.object({ totalBytes: countSchema, availableBytes: countSchema, processBytes: countSchema }),
  /** Of the disk that holds the data folder. */
  disk: z.object({ totalBytes: countSchema, freeBytes: countSchema, dataBytes: countSchema }).nullable(),
  temperatures: z
    .array(z.object({ name: textSchema(64), celsius: z.number().min(-50).max(200), isGpu: z.boolean() }))
    .max(32),
  /** Graphics cards as the system tells them, beside what WebGPU says. */
  graphics: z
    .array(
      z.object({
        name: textSchema(128),
        driver: textSchema(64),
        memoryBytes: countSchema.nullable(),
        memoryUsedBytes: countSchema.nullable(),
        powerMilliwatts: countSchema.nullable(),
        loadPpm: ppmSchema.nullable(),
      }),
    )
    .max(16),
})

export const logLineSchema = z.object({
  /** ISO 8601, UTC. */
  at: textSchema(40),
  level: z.enum(['debug', 'info', 'warn', 'error']),
  scope: textSchema(128),
  message: textSchema(1_024),
  fields: fieldsSchema,
})

export const logTailInputSchema = z.object({
  /** A name that `logs.info` gave. */
  file: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[\w.-]+$/),
  lines: z.number().int().min(1).max(MAX_LOG_LINES),
  level: z.enum(['debug', 'info', 'warn', 'error']),
  /** Only lines that contain this text. */
  contains: textSchema(128),
})

/** One thing that `doctor` looked at. */
export const findingSchema = z.object({
  code: codeSchema,
  verdict: z.enum(['ok', 'warning', 'problem', 'skipped']),
  fields: fieldsSchema,
})

export type MachineReadings = z.infer<typeof machineReadingsSchema>
export type LogLine = z.infer<typeof logLineSchema>
export type LogTailInput = z.infer<typeof logTailInputSchema>
export type Finding = z.infer<typeof findingSchema>
