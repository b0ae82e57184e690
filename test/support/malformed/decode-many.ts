/**
 * One decoder and very many inputs: each decodes, or is refused with a code and words; nothing is kept of it, nothing else is thrown, and
 * what comes out is not much larger than what went in.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { CodedError } from '../../../src/lib/coded-error.ts'
import { createRandom } from '../sampling-logits.ts'
import type { Random } from './bend-bytes.ts'

export interface Decoder {
  readonly name: string
  readonly input: (random: Random) => unknown
  /** Decodes, and does with the result what is done with it next where that may break too. */
  readonly decode: (input: never) => unknown | Promise<unknown>
  /** Codes of a refusal; none where a refusal is a value. */
  readonly codes: readonly string[]
  /** Every how manieth input is worth its time, where one takes milliseconds: 1 where it is not given. */
  readonly every?: number
}

export interface Outcome {
  readonly accepted: number
  readonly refused: ReadonlyMap<string, number>
}

const MAX_MESSAGE_CHARACTERS = 2_000
const SHOWN_CHARACTERS = 400

/** @throws Error with the input where the decoder did anything else than decode it or refuse it with one of its codes. */
export async function decodeMany(decoder: Decoder, count: number, seed: number): Promise<Outcome> {
  const random = createRandom(seed)
  const refused = new Map<string, number>()
  const before = usedBytes()
  let accepted = 0
  for (let index = 0; index < count; index++) {
    const input = decoder.input(random)
    const fail = (what: string, cause?: unknown): Error =>
      new Error(`${decoder.name}, input ${index} of seed ${seed}: ${what}: ${shown(input)}`, { cause })
    try {
      const result = decoder.decode(input as never)
      const value: unknown = result instanceof Promise ? await result : result
      accepted += 1
      const most = STEPS + STEPS_OF_INPUT * weightOf(input, Number.POSITIVE_INFINITY)
      if (weightOf(value, most) >= most) {
        throw fail('it grew')
      }
    } catch (error) {
      const code = refusalOf(error, decoder.codes)
      if (code === undefined) {
        throw fail('neither taken nor refused', error)
      }
      refused.set(code, (refused.get(code) ?? 0) + 1)
    }
    if (index % SAMPLE_EVERY === 0 && usedBytes() - before > MOST_BYTES) {
      throw fail('memory')
    }
  }
  return { accepted, refused }
}

/** A decoded value may have so many parts for each byte or part of its input, and so many beside. */
const STEPS_OF_INPUT = 32
const STEPS = 20_000
const SAMPLE_EVERY = 64
/** Above what there was before, with what no collection has taken yet: far more than any input may cost. */
const MOST_BYTES = 512 * 2 ** 20

/** Of this thread: its own heap and the buffers that it holds. */
function usedBytes(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Bytes, characters and parts of a value, counted up to `most`: steps that it took at least to make it. */
function weightOf(value: unknown, most: number): number {
  const left: unknown[] = [value]
  const seen = new Set<object>()
  let weight = 0
  while (left.length > 0 && weight < most) {
    const next = left.pop()
    weight += 1
    if (typeof next === 'string') {
      weight += next.length
    } else if (ArrayBuffer.isView(next)) {
      weight += next.byteLength
    } else if (typeof next === 'object' && next !== null && !seen.has(next)) {
      seen.add(next)
      for (const part of next instanceof Map ? next.values() : Object.values(next)) {
        left.push(part)
      }
    }
  }
  return weight
}

/** The code of a clear refusal: one of the documented ones, with words that a log can hold. */
function refusalOf(error: unknown, codes: readonly string[]): string | undefined {
  const isClear =
    error instanceof CodedError &&
    codes.includes(error.code) &&
    error.message.length > 0 &&
    error.message.length <= MAX_MESSAGE_CHARACTERS
  return isClear ? error.code : undefined
}

let collect: (() => void) | undefined

/** After a full collection: what is measured is what somebody holds. */
export function heapBytes(): number {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  collect()
  return process.memoryUsage().heapUsed
}

function shown(input: unknown): string {
  const text =
    input instanceof Uint8Array
      ? Buffer.from(input).toString('hex')
      : typeof input === 'string'
        ? input
        : (JSON.stringify(input, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)) ?? '')
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}… (${text.length})` : text
}
