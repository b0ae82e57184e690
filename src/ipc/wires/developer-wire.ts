/** What a developer does from the screen: talk to the network, check a receipt. */
import { z } from 'zod'
import { addressSchema, amountSchema, codeSchema, countSchema, fieldsSchema, hexSchema, textSchema } from '../wire.ts'

export const MAX_CHAT_MESSAGES = 64

export const chatInputSchema = z.object({
  model: textSchema(64),
  messages: z
    .array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: textSchema(16_384) }))
    .min(1)
    .max(MAX_CHAT_MESSAGES),
  temperature: z.number().min(0).max(2),
  maxTokens: z.number().int().min(1).max(4_096),
})

export const chatEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: textSchema(65_536) }),
  z.object({
    type: z.literal('done'),
    finish: codeSchema,
    orderHash: hexSchema(32),
    executor: addressSchema,
    promptTokens: countSchema,
    outputTokens: countSchema,
    price: amountSchema,
  }),
  z.object({ type: z.literal('failed'), code: codeSchema, message: textSchema(1_024), fields: fieldsSchema }),
])

export const receiptVerdictSchema = z.object({
  /** `verified`: every check holds, on chain too. `pending`: not batched yet. */
  state: z.enum(['verified', 'pending', 'failed', 'unknown']),
  checks: z.array(z.object({ name: codeSchema, result: z.enum(['ok', 'failed', 'absent']) })).max(32),
  batch: amountSchema.nullable(),
  txHash: textSchema(64),
})

export type ChatInput = z.infer<typeof chatInputSchema>
export type ChatEvent = z.infer<typeof chatEventSchema>
export type ReceiptVerdict = z.infer<typeof receiptVerdictSchema>
