import type { AbortSignalLike, Clock } from '../../lib/runtime.ts'
import type { ModelSession, ModelShape } from './model-session.ts'
import type { StepLayout } from './sequence.ts'
import { Sequence } from './sequence.ts'

/** A session and how it is driven. */
export interface CanaryRunner {
  readonly session: ModelSession
  readonly layout: StepLayout
}

export interface CanaryResult {
  /** Greatest |Δ| of any logit at any position, Q16.16 rounded up; the greatest safe integer where a logit is no number. */
  readonly difference: number
  /** Of the candidate, one token at a time, in the best of the passes that there was time for. */
  readonly tokensPerSecond: number
}

const CANARY_TOKENS = 48
/** The rest goes in at once, as a prompt does. */
const DECODED_TOKENS = 16
/** The first steps of a new shape may compile. */
const UNTIMED_TOKENS = 4
/** A fast backend is measured again: its first pass is mostly the compiler of the browser. */
const MAX_PASSES = 8
const MEASURE_MS = 100
const Q16 = 65536

/** The same tokens through both, the candidate both by prefill and by decoding: every kernel that will serve has its say. */
export async function runCanary(
  candidate: CanaryRunner,
  reference: CanaryRunner,
  clock: Clock,
  signal: AbortSignalLike,
): Promise<CanaryResult> {
  const tokens = canaryTokens(reference.session.shape)
  const expected: Float32Array[] = []
  await withSequence(reference, async (sequence) => {
    await sequence.feed(tokens, tokens.length, (row) => expected.push(row.slice()), signal)
  })
  let difference = 0
  let position = 0
  const compare = (row: Float32Array): void => {
    difference = Math.max(difference, rowDifference(row, expected[position] as Float32Array))
    position += 1
  }
  const startedMs = clock.nowMs()
  let tokensPerSecond = await decodeOnce(candidate, tokens, compare, clock, signal)
  for (let pass = 1; pass < MAX_PASSES && clock.nowMs() - startedMs < MEASURE_MS; pass++) {
    tokensPerSecond = Math.max(tokensPerSecond, await decodeOnce(candidate, tokens, () => undefined, clock, signal))
  }
  return { difference, tokensPerSecond }
}

/** One text: the first part at once, the rest one by one. Visits all rows; the rate is that of the rest. */
async function decodeOnce(
  candidate: CanaryRunner,
  tokens: readonly number[],
  visit: (row: Float32Array) => void,
  clock: Clock,
  signal: AbortSignalLike,
): Promise<number> {
  const prefill = Math.max(tokens.length - DECODED_TOKENS, 1)
  let startedMs = clock.nowMs()
  await withSequence(candidate, async (sequence) => {
    await sequence.feed(tokens.slice(0, prefill), prefill, visit, signal)
    for (const [index, token] of tokens.slice(prefill).entries()) {
      if (index === UNTIMED_TOKENS) {
        startedMs = clock.nowMs()
      }
      await sequence.feed([token], 1, visit, signal)
    }
  })
  return ((DECODED_TOKENS - UNTIMED_TOKENS) * 1_000) / Math.max(clock.nowMs() - startedMs, 0.001)
}

async function withSequence(runner: CanaryRunner, use: (sequence: Sequence) => Promise<void>): Promise<void> {
  const { session, layout } = runner
  const sessions = { current: async () => session, replace: async () => session }
  const sequence = new Sequence(sessions, layout)
  try {
    await use(sequence)
  } finally {
    sequence.close()
  }
}

/** Spread over the vocabulary, the same everywhere. */
function canaryTokens(shape: ModelShape): number[] {
  const length = Math.min(CANARY_TOKENS, shape.contextTokens)
  return Array.from({ length }, (_, index) => (index * 7919 + 13) % shape.vocabularySize)
}

function rowDifference(row: Float32Array, expected: Float32Array): number {
  let greatest = 0
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs((row[i] as number) - (expected[i] as number))
    if (!Number.isFinite(difference)) {
      return Number.MAX_SAFE_INTEGER
    }
    if (difference > greatest) {
      greatest = difference
    }
  }
  return Math.min(Math.ceil(greatest * Q16), Number.MAX_SAFE_INTEGER)
}
