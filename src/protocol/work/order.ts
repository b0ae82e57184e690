/**
 * Orders: what is hashed, what is signed, who is drawn (protocol §3). Invariant: everything that decides the output stands in
 * the order by hash, so an executor, a verifier and an arbiter who know the order know the one right answer.
 * Read next: receipt.ts (what comes back), batch.ts (how it reaches the chain), check.ts (how it is judged).
 */
import { u32be, u64be } from '../../lib/bytes.ts'
import type { Candidate } from '../draw.ts'
import { drawWeighted } from '../draw.ts'
import type { SignedOrder } from '../gen/tailrace/v1/work.ts'
import { InferenceRequest, Order, Refusal } from '../gen/tailrace/v1/work.ts'
import { sha256, taggedBytes, taggedHash } from '../hash.ts'
import { signBytes, verifyBytes } from '../signature.ts'
import { WORK_LIMITS } from './limits.ts'

/** Token ids as u32 big endian, 32 bytes. */
export function promptHash(tokens: readonly number[]): Uint8Array {
  return taggedHash('tailrace/work/prompt/1', tokenBytes(tokens))
}

export function requestHash(request: InferenceRequest): Uint8Array {
  return taggedHash('tailrace/work/request/1', InferenceRequest.encode(request).finish())
}

/** Identity of an order everywhere. */
export function orderHash(order: Order): Uint8Array {
  return taggedHash('tailrace/work/order/1', Order.encode(order).finish())
}

export function signOrder(order: Order, sessionKey: Uint8Array): SignedOrder {
  return { order, signature: signBytes(sessionKey, orderHash(order)) }
}

export function verifyOrder(order: Order, signature: Uint8Array, sessionPublicKey: Uint8Array): boolean {
  return verifyBytes(sessionPublicKey, orderHash(order), signature)
}

export function refusalHash(refusal: Refusal): Uint8Array {
  return sha256(refusalBytes(refusal))
}

export function refusalBytes(refusal: Refusal): Uint8Array {
  return taggedBytes('tailrace/work/refusal/1', Refusal.encode(refusal).finish())
}

/** With a seed the output repeats for equal requests; without one it is the order's own. 32 bytes. */
export function samplingSeed(request: InferenceRequest, order: Uint8Array): Uint8Array {
  return request.seed === undefined
    ? taggedHash('tailrace/work/sampling-seed/1', order)
    : taggedHash(
        'tailrace/work/sampling-seed/1',
        requestHash({ ...request, choice: 0 }),
        u64be(BigInt.asUintN(64, request.seed)),
      )
}

/** The executor and those who may take its place: the first three of the roster in weighted order. */
export function drawExecutors(
  randomness: Uint8Array,
  payer: Uint8Array,
  sequence: bigint,
  candidates: readonly Candidate[],
): Uint8Array[] {
  const seed = taggedHash('tailrace/work/draw-executor/1', randomness, payer, u64be(sequence))
  return drawWeighted(seed, candidates, WORK_LIMITS.skips + 1).map((candidate) => candidate.address)
}

export function tokenBytes(tokens: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * tokens.length)
  // Written in place: so many arguments as a prompt may have tokens would overflow the stack.
  for (const [index, token] of tokens.entries()) {
    bytes.set(u32be(token), 4 * index)
  }
  return bytes
}
