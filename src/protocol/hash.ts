/**
 * Domain-separated hashing: every hash that the network agrees on is SHA-256 over a length-prefixed domain string and
 * length-prefixed parts, so no two uses and no two splits of the same bytes can collide.
 * tagged(domain, a, b) = SHA-256(u32be(|domain|) ‖ domain ‖ u32be(|a|) ‖ a ‖ u32be(|b|) ‖ b).
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, u32be, utf8 } from '../lib/bytes.ts'

export type Domain =
  | 'tailrace/randomness-genesis/1'
  | 'tailrace/randomness-message/1'
  | 'tailrace/randomness/1'
  | 'tailrace/epoch-seed/1'
  | 'tailrace/draw/find-sample/1'
  | 'tailrace/draw/verifiers/1'
  | 'tailrace/draw/opening/1'
  | 'tailrace/draw/newcomers/1'
  | 'tailrace/draw/audit/1'
  | 'tailrace/draw/stream/1'
  | 'tailrace/register-device/1'
  | 'tailrace/gossip/heartbeat/1'
  | 'tailrace/gossip/race-challenge/1'
  | 'tailrace/gossip/batch/1'
  | 'tailrace/gossip/check-request/1'
  | 'tailrace/state/leaf/1'
  | 'tailrace/state/node/1'
  | 'tailrace/block/1'
  | 'tailrace/work/prompt/1'
  | 'tailrace/work/request/1'
  | 'tailrace/work/order/1'
  | 'tailrace/work/refusal/1'
  | 'tailrace/work/tokens/1'
  | 'tailrace/work/scores/1'
  | 'tailrace/work/receipt/1'
  | 'tailrace/work/voucher/1'
  | 'tailrace/work/sampling-seed/1'
  | 'tailrace/work/check-commit/1'
  | 'tailrace/work/ruling-commit/1'
  | 'tailrace/work/draw-executor/1'
  | 'tailrace/work/draw-points/1'
  | 'tailrace/work/draw-custodian/1'
  | 'tailrace/work/draw-checkers/1'
  | 'tailrace/work/draw-arbiters/1'
  | 'tailrace/work/draw-audit/1'
  | 'tailrace/work/draw-class/1'
  | 'tailrace/work/roster/1'

export { sha256 }

export function taggedHash(domain: Domain, ...parts: readonly Uint8Array[]): Uint8Array {
  const pieces: Uint8Array[] = []
  for (const part of [utf8(domain), ...parts]) {
    pieces.push(u32be(part.length), part)
  }
  return sha256(concatBytes(...pieces))
}
