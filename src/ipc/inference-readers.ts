/** What a tab's replies mean while it serves a model (reply-readers.ts has those of a race). */
import { fromHex } from '../lib/bytes.ts'
import { CodedError } from '../lib/coded-error.ts'
import type {
  GenerateJob,
  GenerateListener,
  GenerateResult,
  InferenceReport,
  ScoreJob,
  ScoreResult,
} from '../protocol/inference.ts'
import { SCORE_BYTES } from '../protocol/inference.ts'
import type { ReplyReader } from './pending-request.ts'
import { badReply, common, done } from './reply-readers.ts'
import { TAB_LIMITS } from './wires/inference-wire.ts'

/** @throws CodedError `too_long_for_tab`: the host has to serve it in its own process. */
export function refuseTooLong(promptTokens: number, outputTokens: number): void {
  if (promptTokens > TAB_LIMITS.promptTokens || outputTokens > TAB_LIMITS.outputTokens) {
    throw new CodedError('too_long_for_tab', 'a tab does not take texts of this length')
  }
}

export function modelReader(model: string): ReplyReader<InferenceReport> {
  return {
    read: (reply) => {
      if (reply.type !== 'model_report') {
        return common(reply)
      }
      return reply.report.model === model ? done(reply.report) : badReply(reply, 'model')
    },
  }
}

/** Tokens go on in order; each chunk is answered when the listener has taken it. An abort ends with what arrived. */
export function tokensReader(job: GenerateJob, listener: GenerateListener): ReplyReader<GenerateResult> {
  let count = 0
  return {
    read: (reply) => {
      switch (reply.type) {
        case 'tokens': {
          count += reply.tokens.length
          const isSound = count <= job.maxTokens && reply.scores.length === 2 * SCORE_BYTES * reply.tokens.length
          if (!isSound) {
            return badReply(reply, 'tokens')
          }
          const taken = listener.onTokens({ tokens: reply.tokens, scores: fromHex(reply.scores) })
          // The listener's failure aborts the generation by its own signal; here only the next reply waits for it.
          return { type: 'more', until: Promise.resolve(taken).catch(() => undefined) }
        }
        case 'generated':
          return reply.outputTokens === count
            ? done({ finish: reply.finish, outputTokens: count })
            : badReply(reply, 'token_count')
        default:
          return common(reply)
      }
    },
    afterAbort: () => ({ result: { finish: 'cancelled', outputTokens: count } }),
  }
}

export function scoreReader(job: ScoreJob): ReplyReader<ScoreResult> {
  return {
    read: (reply) => {
      if (reply.type !== 'scored') {
        return common(reply)
      }
      const tokens = job.output.length
      if (reply.margins.length !== tokens || reply.scores.length !== 2 * SCORE_BYTES * tokens) {
        return badReply(reply, 'score_count')
      }
      const { numericClass, ending } = reply
      return done({ numericClass, ending, scores: fromHex(reply.scores), margins: Int32Array.from(reply.margins) })
    },
  }
}
