/** One decoder and very many inputs: each decodes, or is refused with a code and words; nothing is kept of it, nothing else is thrown. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { CodedError } from '../../../src/lib/coded-error.ts'
import { createRandom } from '../sampling-logits.ts'
import type { Random } from './bend-bytes.ts'

export interface Decoder {
  readonly name: string
  readonly input: (random: Random) => unknown
  /** Decodes, and does with the result what is done with it next where that may break too. */
  readonly decode: (input: never) => unknown
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
export function decodeMany(decoder: Decoder, count: number, seed: number): Outcome {
  const random = createRandom(seed)
  const refused = new Map<string, number>()
  let accepted = 0
  for (let index = 0; index < count; index++) {
    const input = decoder.input(random)
    try {
      decoder.decode(input as never)
      accepted += 1
    } catch (error) {
      const code = refusalOf(error, decoder.codes)
      if (code === undefined) {
        throw new Error(`${decoder.name}, input ${index} of seed ${seed}: ${shown(input)}`, { cause: error })
      }
      refused.set(code, (refused.get(code) ?? 0) + 1)
    }
  }
  return { accepted, refused }
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
