import { equalBytes } from '../../lib/bytes.ts'
import type { CheckState } from '../../protocol/gen/tailrace/v1/state.ts'
import { WorkData } from '../../protocol/gen/tailrace/v1/work.ts'
import { SCORE_BYTES } from '../../protocol/inference.ts'
import { WORK_LIMITS } from '../../protocol/work/limits.ts'
import { orderHash, promptHash, requestHash } from '../../protocol/work/order.ts'
import { scoresHash, tokensHash } from '../../protocol/work/receipt.ts'

/** Token ids are below 2^28: four bytes each at most. */
const TOKEN_BYTES = 4
/** Request and framing. */
const REST_BYTES = 24 * 1024
const SCORES_FRAME_BYTES = 8

/**
 * Whether order and tokens of an opened receipt fit a transaction. Of a longer one nobody can demand that it is posted: else a
 * verifier could have any long receipt refunded by saying that it got nothing.
 */
export function isPostable(check: CheckState): boolean {
  const leaf = check.opening?.leaf
  const tokens = (leaf?.promptTokens ?? 0) + (leaf?.outputTokens ?? 0)
  return leaf !== undefined && tokens * TOKEN_BYTES + REST_BYTES <= WORK_LIMITS.postedBytes
}

/** Undefined where the data is the receipt's, and whole: scores may be missing only where they do not fit; else what is wrong. */
export function dataViolation(check: CheckState, data: WorkData): string | undefined {
  const order = check.opening?.order?.order
  const receipt = check.opening?.receipt?.receipt
  const { request, prompt, output, scores } = data
  if (order === undefined || receipt === undefined || request === undefined) {
    return 'the leaf is not opened'
  }
  const conditions: readonly (readonly [boolean, string])[] = [
    [equalBytes(data.orderHash, orderHash(order)), 'the data of another order'],
    [prompt.length === order.promptTokens && equalBytes(promptHash(prompt), order.promptHash), 'another prompt'],
    [equalBytes(requestHash(request), order.requestHash), 'another request'],
    [output.length === receipt.outputTokens && equalBytes(tokensHash(output), receipt.tokensHash), 'another output'],
    [scores.length === 0 ? !couldHoldScores(data) : equalBytes(scoresHash(scores), receipt.scoresHash), 'other scores'],
  ]
  return conditions.find(([holds]) => !holds)?.[1]
}

function couldHoldScores(data: WorkData): boolean {
  const bytes = WorkData.encode(data).finish().length
  return bytes + data.output.length * SCORE_BYTES + SCORES_FRAME_BYTES <= WORK_LIMITS.postedBytes
}
