import { merkleProof, merkleRoot } from '../../lib/merkle.ts'
import { decodeAddress } from '../../protocol/address.ts'
import type { FindRef, LeafOpening } from '../../protocol/gen/tailrace/v1/tx.ts'
import { sha256 } from '../../protocol/hash.ts'
import { MESSAGE_LIMITS } from '../../protocol/messages.ts'
import { encodeVerificationLeaf } from '../../protocol/verification.ts'

/** One drawn find as this verifier computed it. */
export interface CheckedFind {
  readonly host: string
  readonly nonce: bigint
  readonly digest: Uint8Array
  readonly isFind: boolean
}

/** A verifier's answer to one round: what it commits to and can open later. */
export interface VerificationReport {
  readonly finds: readonly CheckedFind[]
  readonly root: Uint8Array
  /** Drawn finds that are none, at most 512: the chain re-executes each. */
  readonly mismatches: readonly FindRef[]
  /** Openings of these leaves, ascending as given. */
  open(indices: readonly number[]): LeafOpening[]
}

/** `finds` in the order of the assignment, which is the order of the leaves. */
export function createVerificationReport(finds: readonly CheckedFind[]): VerificationReport {
  const leaves = finds.map((find) =>
    encodeVerificationLeaf({ host: decodeAddress(find.host), nonce: find.nonce }, find.digest),
  )
  return {
    finds,
    root: merkleRoot(leaves, sha256),
    mismatches: listMismatches(finds),
    open: (indices) =>
      indices.flatMap((index) => {
        const find = finds[index]
        return find === undefined ? [] : [{ index, digest: find.digest, path: merkleProof(leaves, index, sha256) }]
      }),
  }
}

/** The first of every host, then the second of every host, …: two are fraud, so no cheat hides behind another's long list. */
function listMismatches(finds: readonly CheckedFind[]): FindRef[] {
  const ranks = new Map<string, number>()
  return finds
    .filter((find) => !find.isFind)
    .map(({ host, nonce }) => {
      const rank = ranks.get(host) ?? 0
      ranks.set(host, rank + 1)
      return { rank, find: { host, nonce } }
    })
    .sort((a, b) => a.rank - b.rank)
    .slice(0, MESSAGE_LIMITS.mismatchesPerReport)
    .map(({ find }) => find)
}
