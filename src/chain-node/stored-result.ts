/** Results and events as the block store keeps them: JSON, decoded again on the way out. Decoding throws `store_damaged`. */
import { z } from 'zod'
import type { ChainEvent, TxResult } from '../chain/application.ts'
import { CodedError } from '../lib/coded-error.ts'
import { bytesFromBase64, toBase64 } from './base64.ts'

const eventsSchema = z.array(
  z.object({ type: z.string(), attributes: z.array(z.object({ key: z.string(), value: z.string() })) }),
)

const resultSchema = z.object({
  code: z.int().min(0),
  codespace: z.string(),
  log: z.string(),
  data: z.string().transform(bytesFromBase64),
  gasWanted: z.string().transform(BigInt),
  gasUsed: z.string().transform(BigInt),
  events: eventsSchema,
})

export function encodeEvents(events: readonly ChainEvent[]): string {
  return JSON.stringify(events)
}

export function decodeEvents(text: string): ChainEvent[] {
  return decode(eventsSchema, text)
}

export function encodeResult(result: TxResult): string {
  return JSON.stringify({
    ...result,
    data: toBase64(result.data),
    gasWanted: result.gasWanted.toString(),
    gasUsed: result.gasUsed.toString(),
  })
}

export function decodeResult(text: string): TxResult {
  return decode(resultSchema, text)
}

function decode<T>(schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new CodedError('store_damaged', 'the block store holds no result where it should', { cause })
  }
}
