/** What a verifier and an arbiter commit to before they see what others say (protocol §4). */
import { u32be, u64be } from '../../lib/bytes.ts'
import { Ruling } from '../gen/tailrace/v1/work.ts'
import { taggedHash } from '../hash.ts'

export interface CheckCommitment {
  /** 20-byte owner of the verifier. */
  readonly host: Uint8Array
  readonly batch: bigint
  readonly point: number
  /** Of the verifier's own scores (receipt.ts: scoresHash). */
  readonly scoresHash: Uint8Array
}

export function checkCommitHash({ host, batch, point, scoresHash }: CheckCommitment): Uint8Array {
  return taggedHash('tailrace/work/check-commit/1', host, u64be(batch), u32be(point), scoresHash)
}

export interface RulingCommitment {
  /** 20-byte owner of the arbiter. */
  readonly host: Uint8Array
  readonly batch: bigint
  readonly point: number
  readonly ruling: Ruling
  /** 32 random bytes. */
  readonly salt: Uint8Array
}

export function rulingCommitHash({ host, batch, point, ruling, salt }: RulingCommitment): Uint8Array {
  const bytes = Ruling.encode(ruling).finish()
  return taggedHash('tailrace/work/ruling-commit/1', host, u64be(batch), u32be(point), bytes, salt)
}
