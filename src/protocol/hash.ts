/**
 * Domain-separated hashing: every hash that the network agrees on is SHA-256 over a length-prefixed domain string and
 * length-prefixed parts, so no two uses and no two splits of the same bytes can collide.
 * tagged(domain, a, b) = SHA-256(u32be(|domain|) ‖ domain ‖ u32be(|a|) ‖ a ‖ u32be(|b|) ‖ b).
 */
import { concatBytes, u32be, utf8 } from '../lib/bytes.ts'
import { sha256 } from '../lib/sha256.ts'

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
  | 'tailrace/draw/carrier/1'
  | 'tailrace/draw/stream/1'
  | 'tailrace/register-device/1'
  | 'tailrace/register-validator/1'
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

/** What `taggedHash` hashes: for a signer that reads what it signs. */
export function taggedBytes(domain: Domain, ...parts: readonly Uint8Array[]): Uint8Array {
  const pieces: Uint8Array[] = []
  for (const part of [utf8(domain), ...parts]) {
    pieces.push(u32be(part.length), part)
  }
  return concatBytes(...pieces)
}

export function taggedHash(domain: Domain, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(taggedBytes(domain, ...parts))
}

/** The domain and the parts of tagged bytes; undefined where the bytes are not such or have more than `mostParts`. */
export function readTaggedBytes(
  bytes: Uint8Array,
  mostParts: number,
): { readonly domain: string; readonly parts: readonly Uint8Array[] } | undefined {
  const pieces: Uint8Array[] = []
  let offset = 0
  while (offset < bytes.length) {
    if (pieces.length > mostParts || bytes.length - offset < 4) {
      return undefined
    }
    const length = readU32be(bytes, offset)
    if (length > bytes.length - offset - 4) {
      return undefined
    }
    pieces.push(bytes.slice(offset + 4, offset + 4 + length))
    offset += 4 + length
  }
  const [domain, ...parts] = pieces
  return domain === undefined ? undefined : { domain: String.fromCharCode(...domain.slice(0, 64)), parts }
}

function readU32be(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + offset, 4).getUint32(0)
}
