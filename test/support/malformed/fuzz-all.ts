/** All decoders with so many inputs in all: what the tests run a part of, `npm run properties` runs at length. */

import { errorMessage } from '../../../src/lib/coded-error.ts'
import { BYTE_DECODERS, MESSAGE_DECODERS, TRANSACTIONS } from './byte-decoders.ts'
import type { Decoder } from './decode-many.ts'
import { decodeMany } from './decode-many.ts'
import { engineDecoders } from './engine-decoders.ts'
import { OUTER_DECODERS } from './outer-decoders.ts'
import { TEXT_DECODERS } from './text-decoders.ts'
import { createFileDecoders, VALUE_DECODERS } from './value-decoders.ts'

export interface FuzzReport {
  readonly ok: boolean
  readonly decoders: number
  readonly inputs: number
  readonly accepted: number
  readonly refused: number
  /** By code. */
  readonly codes: Readonly<Record<string, number>>
  /** Highest resident size of the process, bytes. */
  readonly peakBytes: number
  /** Slowest decoders, µs an input. */
  readonly slowest: readonly { readonly name: string; readonly us: number }[]
  readonly seconds: number
  readonly failure?: string
}

export interface FuzzOptions {
  readonly inputs: number
  readonly seed: number
  readonly clock: () => number
  readonly progress: (done: string) => void
}

const SHOWN = 8
const SHOWN_CHARACTERS = 1_500

export async function fuzzAll({ inputs, seed, clock, progress }: FuzzOptions): Promise<FuzzReport> {
  const files = createFileDecoders()
  const started = clock()
  const codes = new Map<string, number>()
  const times: { name: string; us: number }[] = []
  const sums = { inputs: 0, accepted: 0, peakBytes: 0 }
  let failure: string | undefined
  try {
    const decoders = [...(await allDecoders()), ...files.decoders]
    const shares = decoders.reduce((sum, { every = 1 }) => sum + 1 / every, 0)
    for (const decoder of decoders) {
      const count = Math.ceil(inputs / shares / (decoder.every ?? 1))
      const before = clock()
      const outcome = await decodeMany(decoder, count, seed + sums.inputs)
      times.push({ name: decoder.name, us: Math.round((1_000 * (clock() - before)) / count) })
      sums.inputs += count
      sums.accepted += outcome.accepted
      sums.peakBytes = Math.max(sums.peakBytes, process.memoryUsage().rss)
      for (const [code, times] of outcome.refused) {
        codes.set(code, (codes.get(code) ?? 0) + times)
      }
      progress(`${sums.inputs} inputs, ${decoder.name}`)
    }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? (error.cause.stack ?? '') : ''
    failure = `${errorMessage(error)}\n${cause.slice(0, SHOWN_CHARACTERS)}`
  } finally {
    files.remove()
  }
  return {
    ok: failure === undefined,
    decoders: times.length,
    ...sums,
    refused: [...codes.values()].reduce((sum, count) => sum + count, 0),
    codes: Object.fromEntries([...codes].sort(([a], [b]) => (a < b ? -1 : 1))),
    slowest: times.sort((a, b) => b.us - a.us).slice(0, SHOWN),
    seconds: Math.round((clock() - started) / 100) / 10,
    ...(failure === undefined ? {} : { failure }),
  }
}

async function allDecoders(): Promise<readonly Decoder[]> {
  return [
    ...BYTE_DECODERS,
    ...MESSAGE_DECODERS,
    ...(await engineDecoders(TRANSACTIONS)),
    ...OUTER_DECODERS,
    ...TEXT_DECODERS,
    ...VALUE_DECODERS,
  ]
}
